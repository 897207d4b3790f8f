"""Project both to the same channels, mix them element by element."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap


class ElementwiseFusion(Fusion):
    """What sums, averages and weighted sums share: both modalities are projected, mixed, and projected again.

    A subclass implements `mix(picture, words, has_words)`: the projected features `(batch, height, width, filters)`,
    the projected sentence vector `(batch, 1, 1, filters)`, zero for empty prompts, and `(batch, 1, 1, 1)`, 1 for
    prompts with words and 0 for empty ones.

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=policy)
        self.place = keras.layers.Dense(filters, use_bias=False, name="place", dtype=policy)
        # What is the same for all samples and pixels is lost in the normalisation that follows: no offsets here.
        self.pooled_norm = keras.layers.LayerNormalization(center=False, name="pooled_norm", dtype=policy)
        self.words = keras.layers.Dense(filters, use_bias=False, name="words", dtype=policy)
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        self.pooled_norm.build(pooled_shape)
        self.words.build(pooled_shape)
        self.combine.build((*image_features_shape[:3], self.filters))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Project both, mix, combine."""
        picture = self.projection(image_features, training=training)
        picture = picture + self.place(self.coordinate_map(picture))
        has_words = ops.cast(ops.any(padding_mask, axis=1), picture.dtype)[:, None, None, None]
        words = self.words(self.pooled_norm(pooled))[:, None, None, :] * has_words  # (batch, 1, 1, filters)
        return self.combine(self.mix(picture, words, has_words), training=training)
