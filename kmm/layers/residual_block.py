"""Two convolutions and a shortcut."""

import keras

from kmm.layers.conv_block import ConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class ResidualBlock(keras.layers.Layer):
    """Two 3 x 3 convolutions whose result is added to the input.

    Reference: He et al., "Deep Residual Learning for Image Recognition", 2016.

    Args:
        normalization: batch normalisation after each convolution.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        training: for the normalisation.

    Output shape:
        As the input.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.layers.ResidualBlock()(np.ones((1, 8, 8, 16), "float32")).shape)
    (1, 8, 8, 16)
    """

    def __init__(self, normalization=True, **kwargs):
        super().__init__(**kwargs)
        self.normalization = normalization

    def build(self, input_shape):
        """Create the two convolutions, as wide as the input."""
        options = {"normalization": self.normalization, "dtype": self.dtype_policy}
        self.first = ConvBlock(input_shape[-1], name="first", **options)
        self.second = ConvBlock(input_shape[-1], activation=None, name="second", **options)
        self.first.build(input_shape)
        self.second.build(input_shape)

    def call(self, inputs, training=None):
        """Convolve twice and add."""
        outputs = self.second(self.first(inputs, training=training), training=training)
        return keras.ops.relu(inputs + outputs)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "normalization": self.normalization}
