"""Words and pixels are aligned by a learned affinity, then fused."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.fusion.word_shares import word_shares
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class CoAttentionFusion(Fusion):
    """Aligns words with pixels by a learned affinity, in both directions, and fuses what is aligned.

    Each word gathers the pixels that it fits, so it knows what it stands for in this picture and where that lies; each
    pixel then gathers the words that fit it, together with what they have found. So a pixel can know where "the blue
    triangle" is that the phrase compares it with. Reads `image_features`, `sequence` and `padding_mask`. Padded words
    are never read, and with an empty prompt nothing is. `attention_maps` gives the words that fit each pixel.

    References: Lu et al., "Hierarchical Question-Image Co-Attention for Visual Question Answering", 2016 (the
    affinity); Xiong et al., "Dynamic Coattention Networks for Question Answering", 2017 (attending to what has
    attended).

    Args:
        filters: channels of the output.
        num_heads: affinities between a word and a pixel, each from a part of the channels; `filters` must be divisible
            by it.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`.

    Raises:
        ValueError: if `filters` is not divisible by `num_heads`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.CoAttentionFusion(filters=8, num_heads=2)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, num_heads=4, **kwargs):
        super().__init__(filters, **kwargs)
        if num_heads < 1 or filters % num_heads:
            raise ValueError(
                f"filters must be divisible by num_heads. Received: filters={filters}, num_heads={num_heads}."
            )
        self.num_heads = num_heads
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=policy)
        self.place = keras.layers.Dense(filters, use_bias=False, name="place", dtype=policy)
        self.sequence_norm = keras.layers.LayerNormalization(name="sequence_norm", dtype=policy)
        self.words = keras.layers.Dense(filters, name="words", dtype=policy)
        self.pixel_keys = keras.layers.Dense(filters, use_bias=False, name="pixel_keys", dtype=policy)
        self.word_keys = keras.layers.Dense(filters, use_bias=False, name="word_keys", dtype=policy)
        self.meaning = keras.layers.Dense(filters, activation="relu", name="meaning", dtype=policy)
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        tokens = (image_features_shape[0], None, self.filters)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        self.sequence_norm.build(sequence_shape)
        self.words.build(sequence_shape)
        self.pixel_keys.build(tokens)
        self.word_keys.build(tokens)
        self.meaning.build((*tokens[:2], 2 * self.filters))
        self.combine.build((*image_features_shape[:3], 3 * self.filters))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Align in both directions, then fuse."""
        x, pixels, words, affinity = self._aligned(image_features, sequence, training)
        found = ops.cast(ops.softmax(affinity, axis=2), x.dtype)  # each word's pixels
        found = self._join(ops.einsum("bhpl,bphd->blhd", found, self._heads(pixels)))
        meaning = self.meaning(ops.concatenate([words, found], axis=-1))
        aligned = ops.cast(self._fitting_words(affinity, padding_mask), x.dtype)
        read = self._join(ops.einsum("bhpl,blhd->bphd", aligned, self._heads(meaning)))
        read = ops.reshape(read, ops.shape(x))  # (batch, height, width, filters)
        return self.combine(ops.concatenate([x, read, x * read], axis=-1), training=training)

    def attention_maps(self, image_features, sequence, pooled, padding_mask):
        """How well each word fits each pixel: shares `(batch, height, width, length)`; see `word_shares`."""
        x, _, _, affinity = self._aligned(image_features, sequence)
        return word_shares(self._fitting_words(affinity, padding_mask), padding_mask, ops.shape(x)[1:3])

    def _aligned(self, image_features, sequence, training=False):
        """The projected map, its pixels, the words, and the affinity of each pixel to each word."""
        x = self.projection(image_features, training=training)
        x = x + self.place(self.coordinate_map(x))
        batch, height, width, channels = ops.shape(x)
        pixels = ops.reshape(x, (batch, height * width, channels))  # (batch, pixels, filters)
        words = self.words(self.sequence_norm(sequence))  # (batch, length, filters)
        affinity = ops.einsum(
            "bphd,blhd->bhpl", self._heads(self.pixel_keys(pixels)), self._heads(self.word_keys(words))
        )
        return x, pixels, words, ops.cast(affinity, "float32") / (self.filters // self.num_heads) ** 0.5

    def _fitting_words(self, affinity, padding_mask):
        """Each pixel's words: shares `(batch, heads, pixels, length)`, 0 at padded words."""
        is_word = padding_mask[:, None, None, :]
        aligned = ops.softmax(affinity + ops.where(is_word, 0.0, -1e9), axis=3)
        return aligned * ops.cast(is_word, "float32")

    def _heads(self, tokens):
        batch, length = ops.shape(tokens)[:2]
        return ops.reshape(tokens, (batch, length, self.num_heads, self.filters // self.num_heads))

    def _join(self, heads):
        batch, length = ops.shape(heads)[:2]
        return ops.reshape(heads, (batch, length, self.filters))

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_heads": self.num_heads}
