"""Embedding and Transformer blocks."""

import keras

from kmm import feature_keys
from kmm.layers import MaskedMean, SinusoidalPositions, TransformerBlock
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class TransformerTextEncoder(FunctionalModel):
    """Word embeddings and their places, read by Transformer blocks in which every word sees all others.

    All words are read at once, so long descriptions cost no waiting from word to word. From few phrases a recurrent
    encoder learns the order of words faster. Prompts may have any length. Padding never counts, wherever it stands: its
    vectors are zero, and a prompt of padding alone gives zeros.

    Reference: Vaswani et al., "Attention Is All You Need", 2017.

    Args:
        vocabulary_size: token ids run from 0 (padding) to `vocabulary_size - 1`.
        embedding_dim: size of all vectors, even and divisible by `num_heads`.
        num_layers: Transformer blocks.
        num_heads: attention heads.
        dropout: dropout of the embeddings, the attention weights and the blocks' updates in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: a dict of `token_ids` int `(batch, length)` and `padding_mask` bool `(batch, length)`, `True` at real
            tokens.

    Output shape:
        A dict: `sequence` `(batch, length, embedding_dim)`, `pooled` `(batch, embedding_dim)` (the mean over real
        words) and the `padding_mask`.

    Raises:
        ValueError: if a size is not positive, or `embedding_dim` is odd or not divisible by `num_heads`.

    Example:

    >>> import kmm, numpy as np
    >>> encoder = kmm.encoders.TransformerTextEncoder(vocabulary_size=50, embedding_dim=8, num_heads=2)
    >>> outputs = encoder({"token_ids": np.ones((2, 5), "int32"), "padding_mask": np.ones((2, 5), bool)})
    >>> tuple(outputs["sequence"].shape), tuple(outputs["pooled"].shape)
    ((2, 5, 8), (2, 8))
    """

    def __init__(
        self, vocabulary_size, embedding_dim=128, num_layers=2, num_heads=4, dropout=0.0, dtype=None, **kwargs
    ):
        if min(vocabulary_size, embedding_dim, num_layers, num_heads) < 1:
            raise ValueError(
                "Sizes must be positive. Received: "
                f"vocabulary_size={vocabulary_size}, embedding_dim={embedding_dim}, num_layers={num_layers}, "
                f"num_heads={num_heads}."
            )
        if embedding_dim % 2 or embedding_dim % num_heads:
            raise ValueError(
                "embedding_dim must be even and divisible by num_heads. "
                f"Received: embedding_dim={embedding_dim}, num_heads={num_heads}."
            )

        # parts
        spread = keras.initializers.RandomNormal(stddev=1.0)  # as in LSTMTextEncoder
        embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, spread, name="embedding", dtype=dtype)
        positions = SinusoidalPositions(name="positions", dtype=dtype)
        drop = keras.layers.Dropout(dropout, name="dropout", dtype=dtype)
        blocks = [
            TransformerBlock(num_heads, dropout=dropout, name=f"block{i + 1}", dtype=dtype) for i in range(num_layers)
        ]
        norm = keras.layers.LayerNormalization(name="norm", dtype=dtype)
        mean = MaskedMean(name="mean", dtype=dtype)

        # graph
        token_ids = keras.Input((None,), name=feature_keys.TOKEN_IDS, dtype="int32")
        padding_mask = keras.Input((None,), name=feature_keys.PADDING_MASK, dtype="bool")
        sequence = drop(positions(embedding(token_ids), padding_mask))
        for block in blocks:
            sequence = block(sequence, padding_mask)
        sequence = norm(sequence)
        sequence = sequence * keras.ops.cast(padding_mask, sequence.dtype)[:, :, None]
        super().__init__(
            inputs={feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: padding_mask},
            outputs={
                feature_keys.SEQUENCE: sequence,
                feature_keys.POOLED: mean(sequence, padding_mask),
                feature_keys.PADDING_MASK: padding_mask,
            },
            dtype=dtype,
            **kwargs,
        )

        # config
        self.vocabulary_size, self.embedding_dim = vocabulary_size, embedding_dim
        self.num_layers, self.num_heads, self.dropout = num_layers, num_heads, dropout

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
        }
