"""Cells of a map attend to each other."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class MixTransformerBlock(keras.layers.Layer):
    """Self-attention of a map's cells to a smaller copy of it, and a network with a 3 x 3 depthwise convolution.

    The smaller copy makes attention affordable at fine levels: its cost falls with the square of `reduction`. The
    convolution tells cells where they are relative to each other, so no position is added and any size goes.

    Reference: Xie et al., "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers", 2021.

    Args:
        num_heads: attention heads; the channels must be divisible by it.
        reduction: side of the squares that become one cell of the smaller copy.
        expansion: how many times wider the network's inner layer is.
        dropout: dropout of the attention weights and of both updates in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        training: for the dropout.

    Output shape:
        As the input.

    Raises:
        ValueError: if the channels are not divisible by `num_heads`.

    Example:

    >>> import kmm, numpy as np
    >>> block = kmm.layers.MixTransformerBlock(num_heads=2, reduction=2)
    >>> tuple(block(np.ones((1, 8, 8, 4), "float32")).shape)
    (1, 8, 8, 4)
    """

    def __init__(self, num_heads, reduction=1, expansion=4, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.num_heads, self.reduction, self.expansion, self.dropout = num_heads, reduction, expansion, dropout
        policy = self.dtype_policy
        self.attention_norm = keras.layers.LayerNormalization(epsilon=1e-6, name="attention_norm", dtype=policy)
        self.reduced_norm = keras.layers.LayerNormalization(epsilon=1e-6, name="reduced_norm", dtype=policy)
        self.expand_norm = keras.layers.LayerNormalization(epsilon=1e-6, name="expand_norm", dtype=policy)
        self.mix = keras.layers.DepthwiseConv2D(3, padding="same", activation="gelu", name="mix", dtype=policy)
        self.drop = keras.layers.Dropout(dropout, name="drop", dtype=policy)

    def build(self, input_shape):
        """Create all weights, as wide as the input."""
        channels, policy = input_shape[-1], self.dtype_policy
        if self.num_heads < 1 or channels % self.num_heads:
            raise ValueError(
                "The channels must be divisible by num_heads. "
                f"Received: channels={channels}, num_heads={self.num_heads}."
            )
        self.attention = keras.layers.MultiHeadAttention(
            self.num_heads, channels // self.num_heads, dropout=self.dropout, name="attention", dtype=policy
        )
        self.expand = keras.layers.Dense(self.expansion * channels, name="expand", dtype=policy)
        self.shrink = keras.layers.Dense(channels, name="shrink", dtype=policy)
        cells, inner = (input_shape[0], None, channels), (*input_shape[:3], self.expansion * channels)
        self.attention_norm.build(input_shape)
        if self.reduction > 1:
            self.reduce = keras.layers.Conv2D(
                channels, self.reduction, self.reduction, padding="same", name="reduce", dtype=policy
            )
            self.reduce.build(input_shape)
            self.reduced_norm.build(input_shape)
        self.attention.build(cells, cells)
        self.expand_norm.build(input_shape)
        self.expand.build(input_shape)
        self.mix.build(inner)
        self.shrink.build(inner)

    def call(self, inputs, training=None):
        """Attend and add; widen, mix neighbours, narrow and add."""
        cells = seen = self.attention_norm(inputs)
        if self.reduction > 1:
            seen = self.reduced_norm(self.reduce(cells))
        batch, _, _, channels = ops.shape(inputs)
        cells = ops.reshape(cells, (batch, -1, channels))  # (batch, height * width, channels)
        seen = ops.reshape(seen, (batch, -1, channels))  # (batch, cells of the smaller copy, channels)
        read = ops.reshape(self.attention(cells, seen, training=training), ops.shape(inputs))
        x = inputs + self.drop(read, training=training)
        update = self.shrink(self.mix(self.expand(self.expand_norm(x))))
        return x + self.drop(update, training=training)

    def compute_output_shape(self, input_shape):
        """As the input."""
        return input_shape

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "reduction": self.reduction,
            "expansion": self.expansion,
            "dropout": self.dropout,
        }
