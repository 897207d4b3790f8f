"""The decoder of DeepLabV3+."""

import keras

from kmm.decoders.decoder import Decoder
from kmm.decoders.make_enlargers import make_enlargers
from kmm.layers import AtrousPyramidPooling, ConvBlock, SeparableConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class DeepLabV3PlusDecoder(Decoder):
    """Looks at the coarsest level at several scales, then sharpens it with the finer ones.

    Use it where what a thing is depends on its wide surroundings, as in street scenes. With two levels it is the
    paper's decoder; every further level joins on the way as the paper's low-level features do, so words that enter
    there count. With one level only the pooling remains.

    Reference: Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", 2018.

    Args:
        filters: channels of the pooling and of each level's result.
        levels: the levels it takes.
        rates: dilation rates of the pooling; on maps too small for them they shrink, see
            `kmm.layers.AtrousPyramidPooling`.
        low_level_filters: channels to which a finer level is brought before it joins.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Decoder`.

    Example:

    >>> import kmm, numpy as np
    >>> features = {"P2": np.ones((1, 16, 16, 4)), "P5": np.ones((1, 2, 2, 8))}
    >>> tuple(kmm.decoders.DeepLabV3PlusDecoder(filters=16)(features).shape)
    (1, 16, 16, 16)
    """

    def __init__(self, filters, levels=("P2", "P5"), rates=(6, 12, 18), low_level_filters=48, **kwargs):
        super().__init__(filters, levels, **kwargs)
        self.rates, self.low_level_filters = tuple(rates), low_level_filters
        policy = self.dtype_policy
        self.pooling = AtrousPyramidPooling(filters, rates, name="pooling", dtype=policy)
        self.enlargers = make_enlargers(self.levels, policy)
        self.join = keras.layers.Concatenate(name="join", dtype=policy)
        self.reductions, self.refinements = {}, {}
        for level in self.enlargers:
            name = level.lower()
            self.reductions[level] = ConvBlock(low_level_filters, 1, name=f"{name}_reduce", dtype=policy)
            self.refinements[level] = [
                SeparableConvBlock(filters, name=f"{name}_refine{i}", dtype=policy) for i in (1, 2)
            ]

    def build(self, features_shape):
        """Create all weights."""
        super().build(features_shape)
        self.pooling.build(features_shape[self.levels[-1]])
        for level, (first, second) in self.refinements.items():
            size = features_shape[level][:3]
            self.reductions[level].build(features_shape[level])
            first.build((*size, self.filters + self.low_level_filters))
            second.build((*size, self.filters))

    def call(self, features, training=None):
        """Pool, then at each finer level: enlarge, concatenate, refine."""
        x = self.pooling(features[self.levels[-1]], training=training)
        for level, (first, second) in self.refinements.items():
            detail = self.reductions[level](features[level], training=training)
            x = self.join([self.enlargers[level](x), detail])
            x = second(first(x, training=training), training=training)
        return x

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "rates": self.rates, "low_level_filters": self.low_level_filters}
