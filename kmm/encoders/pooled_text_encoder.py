"""Embeddings without any order."""

import keras

from kmm import feature_keys
from kmm.layers import MaskedMean
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class PooledTextEncoder(FunctionalModel):
    """Word embeddings, a layer for each word by itself, and their mean: neither recurrence nor attention.

    The quickest text encoder, and one that every export format takes, as it holds nothing but a look-up, a matrix
    product and a mean. The order of words is lost: "the circle left of the square" and "the square left of the circle"
    are the same to it. Use it where prompts are names and adjectives. Padding never counts: its vectors are zero, and a
    prompt of padding alone gives zeros.

    Reference: Zaheer et al., "Deep Sets", 2017 (a mean of learned functions of the members).

    Args:
        vocabulary_size: token ids run from 0 (padding) to `vocabulary_size - 1`.
        embedding_dim: size of a word's embedding.
        units: size of the vectors that it gives.
        dropout: share of the embedding's numbers set to zero in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: a dict of `token_ids` int `(batch, length)` and `padding_mask` bool `(batch, length)`, `True` at real
            tokens.

    Output shape:
        A dict: `sequence` `(batch, length, units)`, `pooled` `(batch, units)` (the mean over real words) and the
        `padding_mask`.

    Raises:
        ValueError: if a size is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> encoder = kmm.encoders.PooledTextEncoder(vocabulary_size=50, embedding_dim=8, units=16)
    >>> outputs = encoder({"token_ids": np.ones((2, 5), "int32"), "padding_mask": np.ones((2, 5), bool)})
    >>> tuple(outputs["sequence"].shape), tuple(outputs["pooled"].shape)
    ((2, 5, 16), (2, 16))
    """

    def __init__(self, vocabulary_size, embedding_dim=128, units=128, dropout=0.0, dtype=None, **kwargs):
        if min(vocabulary_size, embedding_dim, units) < 1:
            raise ValueError(
                "Sizes must be positive. Received: "
                f"vocabulary_size={vocabulary_size}, embedding_dim={embedding_dim}, units={units}."
            )

        # parts
        spread = keras.initializers.RandomNormal(stddev=1.0)  # as in LSTMTextEncoder
        embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, spread, name="embedding", dtype=dtype)
        drop = keras.layers.Dropout(dropout, name="dropout", dtype=dtype)
        project = keras.layers.Dense(units, activation="tanh", name="project", dtype=dtype)
        mean = MaskedMean(name="mean", dtype=dtype)

        # graph
        token_ids = keras.Input((None,), name=feature_keys.TOKEN_IDS, dtype="int32")
        padding_mask = keras.Input((None,), name=feature_keys.PADDING_MASK, dtype="bool")
        sequence = project(drop(embedding(token_ids)))
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
        self.units, self.dropout = units, dropout

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "units": self.units,
            "dropout": self.dropout,
        }
