"""The words scale and shift the picture's channels."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class FiLMFusion(Fusion):
    """The sentence vector gives a scale and a shift for every channel of the picture's features.

    Cheap and hard to beat among the joins that read one vector: words switch channels on, off and over, at all pixels
    alike. Reads `image_features`, `pooled` and, to see which prompts are empty, `padding_mask`; an empty prompt neither
    scales nor shifts.

    References: Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", 2018; Lueddecke and Ecker,
    "Image Segmentation Using Text and Image Prompts", 2022 (CLIPSeg, conditioned this way).

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.FiLMFusion(filters=8)
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
        self.modulation = keras.layers.Dense(2 * filters, name="modulation", dtype=policy)
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        self.pooled_norm.build(pooled_shape)
        self.modulation.build(pooled_shape)
        self.combine.build((*image_features_shape[:3], self.filters))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Project, scale and shift, combine."""
        picture = self.projection(image_features, training=training)
        picture = picture + self.place(self.coordinate_map(picture))
        modulation = self.modulation(self.pooled_norm(pooled))
        modulation = modulation * ops.cast(ops.any(padding_mask, axis=1), modulation.dtype)[:, None]
        scale, shift = ops.split(modulation[:, None, None, :], 2, axis=-1)  # (batch, 1, 1, filters) each
        return self.combine(ops.relu(picture * (1 + scale) + shift), training=training)
