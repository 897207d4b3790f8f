"""Embedding and GRU."""

import keras

from kmm.encoders.recurrent_text_encoder import RecurrentTextEncoder


@keras.saving.register_keras_serializable(package="kmm")
class GRUTextEncoder(RecurrentTextEncoder):
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

    recurrence = keras.layers.GRU
