"""The decoder of U-Net."""

import keras

from kmm.decoders.decoder import Decoder
from kmm.decoders.make_enlargers import make_enlargers
from kmm.layers import ConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class UNetDecoder(Decoder):
    """Enlarges the coarsest level, concatenates the next finer one, convolves, and so on up to the finest.

    Use it where thin and small things matter: every level keeps all its channels until the convolutions mix them, at
    the price of more arithmetic than an `FPNDecoder`. With one level only the convolutions remain.

    Reference: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015
    (here bilinear instead of learned enlarging, and equally many channels at all levels).

    Args:
        filters: channels of each level's result.
        levels: the levels it takes.
        convolutions: 3 x 3 convolutions at each level.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Decoder`.

    Raises:
        ValueError: if `convolutions` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> features = {"P3": np.ones((1, 8, 8, 4)), "P4": np.ones((1, 4, 4, 6)), "P5": np.ones((1, 2, 2, 8))}
    >>> tuple(kmm.decoders.UNetDecoder(filters=16)(features).shape)
    (1, 8, 8, 16)
    """

    def __init__(self, filters, levels=("P3", "P4", "P5"), convolutions=2, **kwargs):
        super().__init__(filters, levels, **kwargs)
        if convolutions < 1:
            raise ValueError(
                "Every level needs at least one convolution, which brings its channels to `filters`. "
                f"Received: convolutions={convolutions}. Take 2 as in the paper."
            )
        self.convolutions = convolutions
        policy = self.dtype_policy
        self.enlargers = make_enlargers(self.levels, policy)
        self.join = keras.layers.Concatenate(name="join", dtype=policy)
        self.blocks = {
            level: [ConvBlock(filters, name=f"{level.lower()}_block{i + 1}", dtype=policy) for i in range(convolutions)]
            for level in reversed(self.levels)
        }

    def build(self, features_shape):
        """Create all weights."""
        super().build(features_shape)
        for level, blocks in self.blocks.items():
            *size, channels = features_shape[level]
            channels += self.filters if level in self.enlargers else 0
            for block in blocks:
                block.build((*size, channels))
                channels = self.filters

    def call(self, features, training=None):
        """Enlarge, concatenate, convolve."""
        x = None
        for level, blocks in self.blocks.items():
            x = features[level] if x is None else self.join([features[level], self.enlargers[level](x)])
            for block in blocks:
                x = block(x, training=training)
        return x

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "convolutions": self.convolutions}
