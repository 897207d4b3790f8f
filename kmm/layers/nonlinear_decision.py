"""A small network on the answers of several models."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class NonlinearDecision(keras.layers.Layer):
    """The mean of several models' logits, corrected by a small network on all of them.

    The network sees the answers at one pixel (or of one label) side by side, so it can learn that one model is to be
    believed only where another agrees. It starts as the plain mean of the logits. For `kmm.models.DecisionFusion`, or
    for any logits of equal shapes: of masks or of labels. Where there is little data to train it on, `LinearDecision`
    is the safer choice.

    Reference: Wolpert, "Stacked Generalization", 1992.

    Args:
        filters: hidden units.
        **kwargs: `name`, `dtype`, `trainable`. The mean is always computed in float32.

    Call arguments:
        logits: a dict from the model's name to its logits, `(batch, ..., num_classes)`, all of one shape.

    Output shape:
        float32 logits `(batch, ..., num_classes)`.

    Raises:
        ValueError: if `filters` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> decision = kmm.layers.NonlinearDecision(filters=8)
    >>> tuple(decision({"one": np.ones((2, 4, 4, 3)), "other": np.zeros((2, 4, 4, 3))}).shape)
    (2, 4, 4, 3)
    """

    def __init__(self, filters=16, **kwargs):
        super().__init__(**{**kwargs, "autocast": False})
        if filters < 1:
            raise ValueError(f"A decision needs at least one hidden unit. Received: filters={filters}.")
        self.filters = filters
        self.hidden = keras.layers.Dense(filters, activation="relu", name="hidden", dtype=self.dtype_policy)

    def build(self, logits_shape):
        """Create the network; its last layer starts at zero."""
        self._names = sorted(logits_shape)
        shape = logits_shape[self._names[0]]
        self.hidden.build((*shape[:-1], len(self._names) * shape[-1]))
        self.correction = keras.layers.Dense(
            shape[-1], kernel_initializer="zeros", name="correction", dtype=self.dtype_policy
        )
        self.correction.build((*shape[:-1], self.filters))

    def call(self, logits):
        """The mean and its correction."""
        logits = [ops.cast(logits[name], "float32") for name in self._names]
        if logits[0].shape[-1] > 1:
            logits = [ops.log_softmax(one, axis=-1) for one in logits]  # what a softmax ignores does not count here
        correction = self.correction(self.hidden(ops.concatenate(logits, axis=-1)))
        return sum(logits) / len(logits) + ops.cast(correction, "float32")

    def compute_output_spec(self, logits):
        """One answer like that of each model, float32."""
        return keras.KerasTensor(next(iter(logits.values())).shape, "float32")

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "filters": self.filters}
