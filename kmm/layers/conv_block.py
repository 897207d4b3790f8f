"""Convolution, normalisation, activation."""

import keras

from kmm.layers.fused_batch_normalization import FusedBatchNormalization


@keras.saving.register_keras_serializable(package="kmm")
class ConvBlock(keras.layers.Layer):
    """A convolution with padding "same", batch normalisation and an activation.

    Args:
        filters: channels of the output.
        kernel_size: side of the kernel.
        strides: step in both directions.
        normalization: `True` for batch normalisation; otherwise the convolution has a bias.
        activation: any Keras activation, or `None`.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        training: for the normalisation.

    Output shape:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.layers.ConvBlock(8, strides=2)(np.ones((1, 16, 16, 3), "float32")).shape)
    (1, 8, 8, 8)
    """

    def __init__(self, filters, kernel_size=3, strides=1, normalization=True, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.normalization = normalization
        self.activation = keras.activations.get(activation)
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding="same",
            use_bias=not normalization,
            kernel_initializer="he_normal",
            name="convolution",
            dtype=self.dtype_policy,
        )
        self.norm = FusedBatchNormalization(name="norm", dtype=self.dtype_policy) if normalization else None

    def build(self, input_shape):
        """Create the weights."""
        self.convolution.build(input_shape)
        if self.norm is not None:
            self.norm.build(self.convolution.compute_output_shape(input_shape))

    def call(self, inputs, training=None):
        """Convolve, normalise, activate."""
        outputs = self.convolution(inputs)
        if self.norm is not None:
            outputs = self.norm(outputs, training=training)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        """The convolution's."""
        return self.convolution.compute_output_shape(input_shape)

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "normalization": self.normalization,
            "activation": keras.activations.serialize(self.activation),
        }
