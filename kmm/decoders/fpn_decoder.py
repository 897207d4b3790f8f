"""The decoder of feature pyramid networks."""

import keras

from kmm.decoders.decoder import Decoder
from kmm.decoders.make_enlargers import make_enlargers
from kmm.layers import ConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class FPNDecoder(Decoder):
    """Brings what the coarse levels know down to the fine ones, refines every level, and adds all up at the finest.

    A 1 x 1 convolution gives all levels equally many channels, from the coarsest on each is enlarged and added to the
    next finer one, and a 3 x 3 convolution refines each sum. The refined levels are then enlarged and added in their
    turn. A good first choice for pretrained image encoders and things of all sizes.

    References: Lin et al., "Feature Pyramid Networks for Object Detection", 2017; Kirillov et al., "Panoptic Feature
    Pyramid Networks", 2019 (the sum of the refined levels).

    Args:
        filters: channels of every level from the first convolution on.
        levels: the levels it takes.
        refinements: 3 x 3 convolutions after the sum.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Decoder`.

    Example:

    >>> import kmm, numpy as np
    >>> features = {"P3": np.ones((1, 8, 8, 4)), "P4": np.ones((1, 4, 4, 6)), "P5": np.ones((1, 2, 2, 8))}
    >>> tuple(kmm.decoders.FPNDecoder(filters=16)(features).shape)
    (1, 8, 8, 16)
    """

    sums_levels = True

    def __init__(self, filters, levels=("P3", "P4", "P5"), refinements=0, **kwargs):
        super().__init__(filters, levels, **kwargs)
        self.refinements = refinements
        policy = self.dtype_policy
        self.enlargers = make_enlargers(self.levels, policy)
        self.laterals, self.smooths = {}, {}
        for level in reversed(self.levels):
            name = level.lower()
            self.laterals[level] = ConvBlock(filters, 1, activation=None, name=f"{name}_lateral", dtype=policy)
            self.smooths[level] = ConvBlock(filters, name=f"{name}_smooth", dtype=policy)
        self.blocks = [ConvBlock(filters, name=f"block{i + 1}", dtype=policy) for i in range(refinements)]

    def build(self, features_shape):
        """Create all weights."""
        super().build(features_shape)
        for level in self.levels:
            self.laterals[level].build(features_shape[level])
            self.smooths[level].build((*features_shape[level][:3], self.filters))
        for block in self.blocks:
            block.build(self.compute_output_shape(features_shape))

    def call(self, features, training=None):
        """From coarse to fine: project, add what comes from above, refine; add the refined ones up."""
        path = total = None
        for level, lateral in self.laterals.items():
            projected = lateral(features[level], training=training)
            path = projected if path is None else projected + self.enlargers[level](path)
            refined = self.smooths[level](path, training=training)
            total = refined if total is None else refined + self.enlargers[level](total)
        for block in self.blocks:
            total = block(total, training=training)
        return total

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "refinements": self.refinements}
