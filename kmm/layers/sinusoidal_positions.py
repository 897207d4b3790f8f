"""Where each word stands."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class SinusoidalPositions(keras.layers.Layer):
    """Adds sines and cosines of each word's place, in wavelengths from 2 pi to 20,000 pi, to its vector.

    Attention alone does not know the order of words. There are no weights and no longest prompt. Only real words are
    counted, so padding in front changes nothing either; padded steps become zero.

    Reference: Vaswani et al., "Attention Is All You Need", 2017.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        sequence: `(batch, length, dim)`, `dim` even.
        padding_mask: `(batch, length)`, `True` at real words.

    Output shape:
        That of `sequence`.

    Raises:
        ValueError: if `dim` is odd.

    Example:

    >>> import kmm, numpy as np
    >>> words = kmm.layers.SinusoidalPositions()(np.zeros((1, 3, 2), "float32"), np.array([[True, True, False]]))
    >>> print(np.round(words[0], 2))
    [[0.   1.  ]
     [0.84 0.54]
     [0.   0.  ]]
    """

    def build(self, sequence_shape, padding_mask_shape):
        """Check that sines and cosines come in pairs."""
        if sequence_shape[-1] % 2:
            raise ValueError(
                "The vectors of the words must have an even size, half for sines and half for cosines. "
                f"Received: sequence shape {tuple(sequence_shape)}."
            )

    def call(self, sequence, padding_mask):
        """Count the words, add the waves."""
        half = sequence.shape[-1] // 2
        frequencies = np.power(10_000.0, -np.arange(half) / half).astype("float32")
        places = ops.cumsum(ops.cast(padding_mask, "float32"), axis=1) - 1
        angles = places[:, :, None] * frequencies  # (batch, length, dim / 2)
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        real = ops.cast(padding_mask, sequence.dtype)[:, :, None]
        return (sequence + ops.cast(waves, sequence.dtype)) * real

    def compute_output_shape(self, sequence_shape, padding_mask_shape):
        """As the sequence."""
        return sequence_shape
