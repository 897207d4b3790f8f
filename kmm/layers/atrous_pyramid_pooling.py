"""One map seen at several scales."""

import keras
from keras import ops

from kmm.layers.conv_block import ConvBlock
from kmm.layers.separable_conv_block import SeparableConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class AtrousPyramidPooling(keras.layers.Layer):
    """Atrous spatial pyramid pooling (ASPP): a 1 x 1 convolution, atrous ones and the whole map's mean, then a mixture.

    The atrous convolutions are depthwise separable. Where the map's size is known and a rate reaches beyond it, the
    largest that still reads the map is taken in its place: further out a 3 x 3 kernel would read padding alone.

    Reference: Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", 2018.

    Args:
        filters: channels of each branch and of the output.
        rates: dilation rates, one atrous convolution for each.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        training: for the normalisations.

    Output shape:
        `(batch, height, width, filters)`.

    Raises:
        ValueError: if a rate is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.layers.AtrousPyramidPooling(8)(np.ones((1, 4, 4, 16), "float32")).shape)
    (1, 4, 4, 8)
    """

    def __init__(self, filters, rates=(6, 12, 18), **kwargs):
        super().__init__(**kwargs)
        self.filters, self.rates = filters, tuple(rates)
        if any(rate < 1 for rate in self.rates):
            raise ValueError(f"Rates must be positive. Received: rates={self.rates}. Take for instance (6, 12, 18).")
        policy = self.dtype_policy
        self.point = ConvBlock(filters, kernel_size=1, name="point", dtype=policy)
        self.whole = keras.layers.Dense(filters, use_bias=False, name="whole", dtype=policy)
        self.project = ConvBlock(filters, kernel_size=1, name="project", dtype=policy)

    def build(self, input_shape):
        """Create all weights; the atrous branches as wide as the map allows."""
        sides = [side for side in input_shape[1:3] if side is not None]
        widest = max(1, min(sides) - 1) if sides else max(self.rates, default=1)
        self.branches = [
            SeparableConvBlock(
                self.filters, dilation_rate=min(rate, widest), name=f"atrous{i + 1}", dtype=self.dtype_policy
            )
            for i, rate in enumerate(self.rates)
        ]
        for branch in (self.point, *self.branches):
            branch.build(input_shape)
        self.whole.build((input_shape[0], 1, 1, input_shape[-1]))
        self.project.build((*input_shape[:3], self.filters * (2 + len(self.branches))))

    def call(self, inputs, training=None):
        """All branches, side by side, then mixed."""
        seen = [branch(inputs, training=training) for branch in (self.point, *self.branches)]
        whole = self.whole(ops.mean(inputs, axis=(1, 2), keepdims=True))  # (batch, 1, 1, filters)
        seen.append(ops.broadcast_to(whole, ops.shape(seen[0])))
        return self.project(ops.concatenate(seen, axis=-1), training=training)

    def compute_output_shape(self, input_shape):
        """Other channels."""
        return (*input_shape[:3], self.filters)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "rates": self.rates}
