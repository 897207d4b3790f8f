"""Embedding and GRU."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.utils.functional_model import FunctionalModel


@keras.saving.register_keras_serializable(package="kmm")
class GRUTextEncoder(FunctionalModel):
    """Word embeddings read by one or several GRU layers: three quarters of an LSTM's weights, often as good.

    Padding never counts: the recurrence skips padded steps, their vectors are zero, and a prompt of padding alone gives
    zeros.

    Reference: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.

    Args:
        vocabulary_size: token ids run from 0 (padding) to `vocabulary_size - 1`.
        embedding_dim: size of a word's embedding.
        units: size of the GRU's state in each direction.
        num_layers: GRU layers on top of each other.
        bidirectional: read in both directions and concatenate; vectors then have `2 * units` numbers.
        dropout: share of the embedding's numbers set to zero in training.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: a dict of `token_ids` int `(batch, length)` and `padding_mask` bool `(batch, length)`, `True` at real
            tokens.

    Output shape:
        A dict: `sequence` `(batch, length, dim)`, `pooled` `(batch, dim)` (the last state) and the `padding_mask`.

    Raises:
        ValueError: if a size is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> encoder = kmm.encoders.GRUTextEncoder(vocabulary_size=50, embedding_dim=8, units=16, bidirectional=True)
    >>> outputs = encoder({"token_ids": np.ones((2, 5), "int32"), "padding_mask": np.ones((2, 5), bool)})
    >>> tuple(outputs["sequence"].shape), tuple(outputs["pooled"].shape)
    ((2, 5, 32), (2, 32))
    """

    def __init__(
        self,
        vocabulary_size,
        embedding_dim=128,
        units=128,
        num_layers=1,
        bidirectional=False,
        dropout=0.0,
        dtype=None,
        **kwargs,
    ):
        if min(vocabulary_size, embedding_dim, units, num_layers) < 1:
            raise ValueError(
                "Sizes must be positive. Received: "
                f"vocabulary_size={vocabulary_size}, embedding_dim={embedding_dim}, units={units}, "
                f"num_layers={num_layers}."
            )

        # parts
        spread = keras.initializers.RandomNormal(stddev=1.0)  # as in LSTMTextEncoder
        embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, spread, name="embedding", dtype=dtype)
        drop = keras.layers.Dropout(dropout, name="dropout", dtype=dtype)
        recurrences = []
        for number in range(1, num_layers + 1):
            options = {"return_sequences": True, "return_state": True, "use_cudnn": False, "dtype": dtype}
            recurrence = keras.layers.GRU(units, name=f"gru{number}", **options)
            if bidirectional:
                recurrence = keras.layers.Bidirectional(recurrence, name=f"bidirectional{number}", dtype=dtype)
            recurrences.append(recurrence)

        # graph
        token_ids = keras.Input((None,), name=feature_keys.TOKEN_IDS, dtype="int32")
        padding_mask = keras.Input((None,), name=feature_keys.PADDING_MASK, dtype="bool")
        sequence = drop(embedding(token_ids))
        for recurrence in recurrences:
            sequence, *states = recurrence(sequence, mask=padding_mask)
        pooled = ops.concatenate(states, axis=-1) if bidirectional else states[0]
        sequence = sequence * ops.cast(padding_mask, sequence.dtype)[:, :, None]
        super().__init__(
            inputs={feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: padding_mask},
            outputs={
                feature_keys.SEQUENCE: sequence,
                feature_keys.POOLED: pooled,
                feature_keys.PADDING_MASK: padding_mask,
            },
            dtype=dtype,
            **kwargs,
        )

        # config
        self.vocabulary_size, self.embedding_dim, self.units = vocabulary_size, embedding_dim, units
        self.num_layers, self.bidirectional, self.dropout = num_layers, bidirectional, dropout

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "units": self.units,
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "dropout": self.dropout,
        }
