"""Words attend to words."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class TransformerBlock(keras.layers.Layer):
    """Self-attention and a two-layer network for each step, normalised before and added to what came in.

    Padded steps are never attended to and become zero.

    References: Vaswani et al., "Attention Is All You Need", 2017; Xiong et al., "On Layer Normalization in the
    Transformer Architecture", 2020 (normalising first needs no warm-up).

    Args:
        num_heads: attention heads; the size of the vectors must be divisible by it.
        expansion: how many times wider the network's inner layer is.
        dropout: dropout of the attention weights and of both updates in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        sequence: `(batch, length, dim)`.
        padding_mask: `(batch, length)`, `True` at real steps.
        training: for the dropout.

    Output shape:
        That of `sequence`.

    Raises:
        ValueError: if `dim` is not divisible by `num_heads`.

    Example:

    >>> import kmm, numpy as np
    >>> block = kmm.layers.TransformerBlock(num_heads=2)
    >>> tuple(block(np.ones((2, 5, 8), "float32"), np.ones((2, 5), bool)).shape)
    (2, 5, 8)
    """

    def __init__(self, num_heads, expansion=4, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.expansion, self.dropout = num_heads, expansion, dropout
        policy = self.dtype_policy
        self.attention_norm = keras.layers.LayerNormalization(name="attention_norm", dtype=policy)
        self.expand_norm = keras.layers.LayerNormalization(name="expand_norm", dtype=policy)
        self.drop = keras.layers.Dropout(dropout, name="drop", dtype=policy)

    def build(self, sequence_shape, padding_mask_shape):
        """Create all weights, as wide as the vectors."""
        dim, policy = sequence_shape[-1], self.dtype_policy
        if self.num_heads < 1 or dim % self.num_heads:
            raise ValueError(
                "The size of the vectors must be divisible by num_heads. "
                f"Received: dim={dim}, num_heads={self.num_heads}."
            )
        self.attention = keras.layers.MultiHeadAttention(
            self.num_heads, dim // self.num_heads, dropout=self.dropout, name="attention", dtype=policy
        )
        self.expand = keras.layers.Dense(self.expansion * dim, activation="gelu", name="expand", dtype=policy)
        self.shrink = keras.layers.Dense(dim, name="shrink", dtype=policy)
        self.attention_norm.build(sequence_shape)
        self.attention.build(sequence_shape, sequence_shape)
        self.expand_norm.build(sequence_shape)
        self.expand.build(sequence_shape)
        self.shrink.build((*sequence_shape[:2], self.expansion * dim))

    def call(self, sequence, padding_mask, training=None):
        """Attend and add; widen, narrow and add."""
        steps = self.attention_norm(sequence)
        read = self.attention(steps, steps, attention_mask=padding_mask[:, None, :], training=training)
        x = sequence + self.drop(read, training=training)
        x = x + self.drop(self.shrink(self.expand(self.expand_norm(x))), training=training)
        return x * ops.cast(padding_mask, x.dtype)[:, :, None]

    def compute_output_shape(self, sequence_shape, padding_mask_shape):
        """As the sequence."""
        return sequence_shape

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "expansion": self.expansion,
            "dropout": self.dropout,
        }
