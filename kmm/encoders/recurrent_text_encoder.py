"""What text encoders with a recurrence share."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.utils.functional_model import FunctionalModel


class RecurrentTextEncoder(FunctionalModel):
    """Word embeddings read by one or several recurrent layers; a subclass names the layer.

    Padding never counts: the recurrence skips padded steps, their vectors are zero, and a prompt of padding alone gives
    zeros.

    Args, call arguments, output shape and errors: see `LSTMTextEncoder`.
    """

    recurrence = None
    """The class of the recurrent layers, such as `keras.layers.GRU`."""

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
        spread = keras.initializers.RandomNormal(stddev=1.0)  # Keras' own +-0.05 hardly tells words apart at first
        embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, spread, name="embedding", dtype=dtype)
        drop = keras.layers.Dropout(dropout, name="dropout", dtype=dtype)
        recurrences = []
        for number in range(1, num_layers + 1):
            options = {"return_sequences": True, "return_state": True, "use_cudnn": False, "dtype": dtype}
            name = f"{self.recurrence.__name__.lower()}{number}"
            recurrence = self.recurrence(units, name=name, **options)
            if bidirectional:
                recurrence = keras.layers.Bidirectional(recurrence, name=f"bidirectional{number}", dtype=dtype)
            recurrences.append(recurrence)

        # graph
        token_ids = keras.Input((None,), name=feature_keys.TOKEN_IDS, dtype="int32")
        padding_mask = keras.Input((None,), name=feature_keys.PADDING_MASK, dtype="bool")
        sequence = drop(embedding(token_ids))
        for recurrence in recurrences:
            sequence, *states = recurrence(sequence, mask=padding_mask)
        directions = 2 if bidirectional else 1
        outputs = states[:: len(states) // directions]  # of each direction its first state, the recurrence's output
        pooled = ops.concatenate(outputs, axis=-1) if bidirectional else outputs[0]
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
