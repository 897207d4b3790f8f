"""Pixels and words attend to each other in one sequence."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.fusion.word_shares import word_shares
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class SelfAttentionFusion(Fusion):
    """Puts pixels and words into one sequence, where every token attends to every other; the pixels become the map.

    Each block is a pre-norm Transformer block. Pixels also see each other, so a phrase that compares things ("the
    largest") can be answered here; memory and time grow with the square of `height * width`, so choose a coarse level.
    Reads `image_features`, `sequence` and `padding_mask`. Padded words are never attended to; after an empty prompt
    pixels attend to pixels alone. `attention_maps` gives which words the pixels attend to in the last block.

    References: Ye et al., "Cross-Modal Self-Attention Network for Referring Image Segmentation", 2019; Kim et al.,
    "ViLT: Vision-and-Language Transformer Without Convolution or Region Supervision", 2021.

    Args:
        filters: channels of the output; every token has as many numbers.
        num_heads: attention heads; `filters` must be divisible by it.
        num_layers: Transformer blocks.
        dropout: dropout of the attention weights and of each block's two updates in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`.

    Raises:
        ValueError: if `filters` is not divisible by `num_heads` or `num_layers` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.SelfAttentionFusion(filters=8, num_heads=2)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, num_heads=4, num_layers=1, dropout=0.0, **kwargs):
        super().__init__(filters, **kwargs)
        if num_heads < 1 or filters % num_heads or num_layers < 1:
            raise ValueError(
                "filters must be divisible by num_heads, and num_layers must be positive. "
                f"Received: filters={filters}, num_heads={num_heads}, num_layers={num_layers}."
            )
        self.num_heads, self.num_layers, self.dropout = num_heads, num_layers, dropout
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=policy)
        self.place = keras.layers.Dense(filters, use_bias=False, name="place", dtype=policy)
        self.sequence_norm = keras.layers.LayerNormalization(name="sequence_norm", dtype=policy)
        self.words = keras.layers.Dense(filters, name="words", dtype=policy)
        self.drop = keras.layers.Dropout(dropout, name="drop", dtype=policy)

        def parts(make, name, *args, **kwargs):
            return [make(*args, name=f"{name}{i + 1}", dtype=policy, **kwargs) for i in range(num_layers)]

        heads = (num_heads, filters // num_heads)
        self.attention_norms = parts(keras.layers.LayerNormalization, "attention_norm")
        self.attentions = parts(keras.layers.MultiHeadAttention, "attention", *heads, dropout=dropout)
        self.update_norms = parts(keras.layers.LayerNormalization, "update_norm")
        self.expansions = parts(keras.layers.Dense, "expansion", 2 * filters, activation="gelu")
        self.updates = parts(keras.layers.Dense, "update", filters)
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        tokens = (image_features_shape[0], None, self.filters)
        self.projection.build(image_features_shape)
        self.place.build((1, *image_features_shape[1:3], 8))
        self.sequence_norm.build(sequence_shape)
        self.words.build(sequence_shape)
        for layer in range(self.num_layers):
            self.attention_norms[layer].build(tokens)
            self.attentions[layer].build(tokens, tokens)
            self.update_norms[layer].build(tokens)
            self.expansions[layer].build(tokens)
            self.updates[layer].build((*tokens[:2], 2 * self.filters))
        self.combine.build((*image_features_shape[:3], self.filters))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Join the tokens, let them attend to each other, give the pixels back as a map."""
        x, _ = self._attend(image_features, sequence, padding_mask, training)
        return self.combine(x, training=training)

    def attention_maps(self, image_features, sequence, pooled, padding_mask):
        """How much each pixel attends to each word: shares `(batch, height, width, length)`; see `word_shares`.

        Of the last block; what pixels attend to pixels is left out.
        """
        x, weights = self._attend(image_features, sequence, padding_mask, training=False, return_attention_scores=True)
        size = ops.shape(x)[1:3]
        return word_shares(weights[..., size[0] * size[1] :], padding_mask, size)

    def _attend(self, image_features, sequence, padding_mask, training, **options):
        """The pixels after all blocks, as a map, and the last block's attention weights where they are asked for."""
        x = self.projection(image_features, training=training)
        x = x + self.place(self.coordinate_map(x))
        batch, height, width, channels = ops.shape(x)
        pixels = height * width
        x = ops.reshape(x, (batch, pixels, channels))  # (batch, pixels, filters)
        x = ops.concatenate([x, self.words(self.sequence_norm(sequence))], axis=1)  # (batch, pixels + length, filters)
        seen = ops.concatenate([ops.ones((batch, pixels), "bool"), padding_mask], axis=1)[:, None, :]
        for layer in range(self.num_layers):
            tokens = self.attention_norms[layer](x)
            if layer == self.num_layers - 1:  # the last words are read by no one
                x, queries, last = x[:, :pixels], tokens[:, :pixels], options
            else:
                queries, last = tokens, {}
            read = self.attentions[layer](queries, tokens, attention_mask=seen, training=training, **last)
            read, weights = read if last else (read, None)
            x = x + self.drop(read, training=training)
            update = self.updates[layer](self.expansions[layer](self.update_norms[layer](x)))
            x = x + self.drop(update, training=training)
        return ops.reshape(x, (batch, height, width, channels)), weights

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "num_layers": self.num_layers,
            "dropout": self.dropout,
        }
