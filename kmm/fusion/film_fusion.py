"""The words scale and shift the picture's channels."""

import keras
from keras import ops

from kmm.fusion.sentence_fusion import SentenceFusion


@keras.saving.register_keras_serializable(package="kmm")
class FiLMFusion(SentenceFusion):
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
        self.make_parts(filters)
        policy = self.dtype_policy
        self.modulation = keras.layers.Dense(2 * filters, name="modulation", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.modulation.build(pooled_shape)

    def mix(self, picture, pooled, has_words):
        """Scale and shift."""
        modulation = self.modulation(pooled) * has_words
        scale, shift = ops.split(modulation[:, None, None, :], 2, axis=-1)  # (batch, 1, 1, filters) each
        return ops.relu(picture * (1 + scale) + shift)
