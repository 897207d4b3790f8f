"""What fusions share that read one vector of the whole phrase."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap


class SentenceFusion(Fusion):
    """Projects the picture and adds the places, normalises the sentence vector, lets a subclass mix them, and projects.

    A subclass calls `make_parts` in its constructor, builds what it adds, and implements `mix(picture, pooled,
    has_words)`: the picture `(batch, height, width, channels)`, the normalised sentence vector `(batch, dim)` and
    `(batch, 1)`, 1 for prompts with words and 0 for empty ones.

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.
    """

    def make_parts(self, channels, mixed_channels=None, activation=None, center=True):
        """Create the layers.

        Args:
            channels: of the projected picture.
            mixed_channels: of what `mix` gives; `None` for the same.
            activation: of the projected picture, before the places are added.
            center: whether the normalisation of the sentence vector has an offset.
        """
        policy = self.dtype_policy
        self.mixed_channels = mixed_channels or channels
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(channels, kernel_size=1, activation=activation, name="projection", dtype=policy)
        self.place = keras.layers.Dense(channels, use_bias=False, name="place", dtype=policy)
        self.pooled_norm = keras.layers.LayerNormalization(center=center, name="pooled_norm", dtype=policy)
        self.combine = ConvBlock(self.filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create the shared weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        self.pooled_norm.build(pooled_shape)
        self.combine.build((*image_features_shape[:3], self.mixed_channels))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Project, mix, combine."""
        picture = self.projection(image_features, training=training)
        picture = picture + self.place(self.coordinate_map(picture))
        has_words = ops.cast(ops.any(padding_mask, axis=1, keepdims=True), picture.dtype)
        return self.combine(self.mix(picture, self.pooled_norm(pooled), has_words), training=training)
