"""Every pixel attends to the words."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.fusion.word_shares import word_shares
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class CrossAttentionFusion(Fusion):
    """Every pixel attends to the words; what it reads multiplies its features and is added through a gate.

    Reads `image_features`, `sequence` and `padding_mask`. Padded words are never attended to, and an empty prompt
    leaves the projected picture as it is. `attention_maps` gives what each pixel attends to.

    Reference: Yang et al., "LAVT: Language-Aware Vision Transformer for Referring Image Segmentation", 2022 (pixel-word
    attention and language gate).

    Args:
        filters: channels of the output.
        num_heads: attention heads; `filters` must be divisible by it.
        dropout: dropout of the attention weights in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`.

    Raises:
        ValueError: if `filters` is not divisible by `num_heads`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.CrossAttentionFusion(filters=8, num_heads=2)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, num_heads=4, dropout=0.0, **kwargs):
        super().__init__(filters, **kwargs)
        if filters % num_heads:
            raise ValueError(
                f"filters must be divisible by num_heads. Received: filters={filters}, num_heads={num_heads}."
            )
        self.num_heads, self.dropout = num_heads, dropout
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=policy)
        self.place = keras.layers.Dense(filters, use_bias=False, name="place", dtype=policy)
        self.sequence_norm = keras.layers.LayerNormalization(name="sequence_norm", dtype=policy)
        self.attention = keras.layers.MultiHeadAttention(
            num_heads, filters // num_heads, dropout=dropout, name="attention", dtype=policy
        )
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)
        self.gate = keras.layers.Dense(filters, activation="tanh", name="gate", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        mixed = (*image_features_shape[:3], self.filters)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        self.sequence_norm.build(sequence_shape)
        self.attention.build((image_features_shape[0], None, self.filters), sequence_shape)
        self.combine.build(mixed)
        self.gate.build(mixed)

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Project, attend, multiply, gate, add."""
        x = self.projection(image_features, training=training)
        query, sequence, seen = self._attended(x, sequence, padding_mask)
        words = self.attention(query, sequence, attention_mask=seen, training=training)
        words = ops.reshape(words, ops.shape(x))  # (batch, height, width, filters)
        has_words = ops.cast(ops.any(padding_mask, axis=1), x.dtype)[:, None, None, None]
        read = self.combine(x * words, training=training)
        return x + self.gate(read) * read * has_words

    def attention_maps(self, image_features, sequence, pooled, padding_mask):
        """How much each pixel attends to each word: shares `(batch, height, width, length)`; see `word_shares`."""
        x = self.projection(image_features, training=False)
        query, sequence, seen = self._attended(x, sequence, padding_mask)
        _, weights = self.attention(
            query, sequence, attention_mask=seen, training=False, return_attention_scores=True
        )  # (batch, heads, pixels, length)
        return word_shares(weights, padding_mask, ops.shape(x)[1:3])

    def _attended(self, x, sequence, padding_mask):
        """What attends, what is attended to, and which of it."""
        batch, height, width, channels = ops.shape(x)
        query = x + self.place(self.coordinate_map(x))
        query = ops.reshape(query, (batch, height * width, channels))  # (batch, pixels, filters)
        return query, self.sequence_norm(sequence), padding_mask[:, None, :]

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_heads": self.num_heads, "dropout": self.dropout}
