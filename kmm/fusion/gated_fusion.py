"""A gate weighs the words against the picture."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class GatedFusion(Fusion):
    """A gate decides for every pixel and channel how much of the sentence vector enters in place of the picture.

    Picture and words make the gate together, so the words can enter where the picture suits them and stay out
    elsewhere. Reads `image_features`, `pooled` and, to see which prompts are empty, `padding_mask`; the gate stays shut
    for an empty prompt.

    Reference: Arevalo et al., "Gated Multimodal Units for Information Fusion", 2017.

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.GatedFusion(filters=8)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, activation=None, name="projection", dtype=policy)
        self.place = keras.layers.Dense(filters, use_bias=False, name="place", dtype=policy)
        self.pooled_norm = keras.layers.LayerNormalization(name="pooled_norm", dtype=policy)
        self.words = keras.layers.Dense(filters, activation="tanh", name="words", dtype=policy)
        self.picture_gate = keras.layers.Dense(filters, use_bias=False, name="picture_gate", dtype=policy)
        self.words_gate = keras.layers.Dense(filters, name="words_gate", dtype=policy)
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        mixed = (*image_features_shape[:3], self.filters)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        for layer in (self.pooled_norm, self.words, self.words_gate):
            layer.build(pooled_shape)
        self.picture_gate.build(mixed)
        self.combine.build(mixed)

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Project both, open the gate, combine."""
        picture = self.projection(image_features, training=training)
        picture = picture + self.place(self.coordinate_map(picture))
        pooled = self.pooled_norm(pooled)
        words = self.words(pooled)[:, None, None, :]  # (batch, 1, 1, filters)
        # A dense layer over both, one after the other, is the sum of a dense layer over each.
        gate = ops.sigmoid(self.picture_gate(picture) + self.words_gate(pooled)[:, None, None, :])
        gate = gate * ops.cast(ops.any(padding_mask, axis=1), gate.dtype)[:, None, None, None]
        return self.combine(gate * words + (1 - gate) * ops.tanh(picture), training=training)
