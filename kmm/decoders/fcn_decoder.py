"""The fully convolutional decoder."""

import keras

from kmm.decoders.decoder import Decoder
from kmm.layers import ConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class FCNDecoder(Decoder):
    """Scores each level by a 1 x 1 convolution, enlarges the coarser ones and adds them to the finer.

    With the levels `("P5",)` it is FCN-32s, with `("P4", "P5")` FCN-16s, with `("P3", "P4", "P5")` FCN-8s.

    Reference: Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2015.

    Args:
        filters: channels of the scores.
        levels: the levels it takes.
        refinements: 3 x 3 convolutions after the sum.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Decoder`.

    Example:

    >>> import kmm, numpy as np
    >>> features = {"P3": np.ones((1, 8, 8, 4)), "P4": np.ones((1, 4, 4, 6)), "P5": np.ones((1, 2, 2, 8))}
    >>> tuple(kmm.decoders.FCNDecoder(filters=16)(features).shape)
    (1, 8, 8, 16)
    """

    sums_levels = True

    def __init__(self, filters, levels=("P3", "P4", "P5"), refinements=1, **kwargs):
        super().__init__(filters, levels, **kwargs)
        self.refinements = refinements
        policy = self.dtype_policy
        self.scores = {
            level: ConvBlock(filters, 1, activation=None, name=f"{level.lower()}_score", dtype=policy)
            for level in self.levels
        }
        self.blocks = [ConvBlock(filters, name=f"block{i + 1}", dtype=policy) for i in range(refinements)]
        self.enlarge = keras.layers.UpSampling2D(2, interpolation="bilinear", name="enlarge", dtype=policy)

    def build(self, features_shape):
        """Create all weights."""
        super().build(features_shape)
        for level, score in self.scores.items():
            score.build(features_shape[level])
        for block in self.blocks:
            block.build(self.compute_output_shape(features_shape))

    def call(self, features, training=None):
        """Score, enlarge, add, refine."""
        finest, coarsest = (int(level[1:]) for level in (self.levels[0], self.levels[-1]))
        x = None
        for number in range(coarsest, finest - 1, -1):
            x = x if x is None else self.enlarge(x)
            if f"P{number}" in self.scores:
                score = self.scores[f"P{number}"](features[f"P{number}"], training=training)
                x = score if x is None else x + score
        x = keras.ops.relu(x)
        for block in self.blocks:
            x = block(x, training=training)
        return x

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "refinements": self.refinements}
