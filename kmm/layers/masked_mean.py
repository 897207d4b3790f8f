"""The mean over real words."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class MaskedMean(keras.layers.Layer):
    """The mean of the real steps' vectors; zero where there are none.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        sequence: `(batch, length, dim)`.
        padding_mask: `(batch, length)`, `True` at real steps.

    Output shape:
        `(batch, dim)`.

    Example:

    >>> import kmm, numpy as np
    >>> words = np.array([[[1.0], [3.0], [9.0]]], "float32")
    >>> print(kmm.layers.MaskedMean()(words, np.array([[True, True, False]])).numpy())
    [[2.]]
    """

    def call(self, sequence, padding_mask):
        """Sum and divide, in float32."""
        real = ops.cast(padding_mask, "float32")[:, :, None]
        total = ops.sum(ops.cast(sequence, "float32") * real, axis=1)
        return ops.cast(total / ops.maximum(ops.sum(real, axis=1), 1.0), self.compute_dtype)

    def compute_output_shape(self, sequence_shape, padding_mask_shape):
        """Without the steps."""
        return (sequence_shape[0], sequence_shape[-1])
