"""A gate weighs the words against the picture."""

import keras
from keras import ops

from kmm.fusion.sentence_fusion import SentenceFusion


@keras.saving.register_keras_serializable(package="kmm")
class GatedFusion(SentenceFusion):
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
        self.make_parts(filters)
        policy = self.dtype_policy
        self.words = keras.layers.Dense(filters, activation="tanh", name="words", dtype=policy)
        self.picture_gate = keras.layers.Dense(filters, use_bias=False, name="picture_gate", dtype=policy)
        self.words_gate = keras.layers.Dense(filters, name="words_gate", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.words.build(pooled_shape)
        self.words_gate.build(pooled_shape)
        self.picture_gate.build((*image_features_shape[:3], self.filters))

    def mix(self, picture, pooled, has_words):
        """Open the gate."""
        words = self.words(pooled)[:, None, None, :]  # (batch, 1, 1, filters)
        # A dense layer over both, one after the other, is the sum of a dense layer over each.
        gate = ops.sigmoid(self.picture_gate(picture) + self.words_gate(pooled)[:, None, None, :])
        gate = gate * has_words[:, :, None, None]
        return gate * words + (1 - gate) * ops.tanh(picture)
