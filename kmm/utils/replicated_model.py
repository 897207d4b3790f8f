"""A functional model that also trains on several replicas where its inputs are masks or strings."""

import keras


@keras.saving.register_keras_serializable(package="kmm")
class ReplicatedModel(keras.Model):
    """A functional `keras.Model` that `fit` can train under `tf.distribute.MirroredStrategy` whatever its inputs are.

    Before the first step Keras looks at one batch and averages it over the replicas, which fails for boolean masks and
    for strings. The shapes are all that is needed, so that the first replica's part will do.

    Args:
        inputs, outputs, name: as in `keras.Model`.

    Example:

    >>> import numpy as np
    >>> inputs = keras.Input((3,))
    >>> tuple(ReplicatedModel(inputs, keras.layers.Dense(2)(inputs))(np.ones((4, 3))).shape)
    (4, 2)
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        strategy = self._distribute_strategy
        if iterator is not None and strategy is not None:
            for _, _, batches in iterator:
                data_batch = keras.tree.map_structure(
                    lambda value: strategy.experimental_local_results(value)[0], next(batches)
                )
                break
        super()._maybe_symbolic_build(data_batch=data_batch)
