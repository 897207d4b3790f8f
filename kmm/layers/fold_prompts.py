"""Many prompts for a picture become a longer batch."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class FoldPrompts(keras.layers.Layer):
    """Folds the axis of the prompts into the batch.

    Call arguments:
        inputs: `(batch, num_prompts, ...)`.

    Output shape:
        `(batch * num_prompts, ...)`.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.layers.FoldPrompts()(np.ones((2, 3, 5))).shape)
    (6, 5)
    """

    def call(self, inputs):
        """Reshape."""
        return ops.reshape(inputs, (-1, *ops.shape(inputs)[2:]))

    def compute_output_spec(self, inputs):
        """The batch becomes unknown where it was."""
        batch = None if None in inputs.shape[:2] else inputs.shape[0] * inputs.shape[1]
        return keras.KerasTensor((batch, *inputs.shape[2:]), inputs.dtype)
