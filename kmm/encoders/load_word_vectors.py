"""Pretrained word vectors go into a text encoder."""

import numpy as np
from keras import ops


def load_word_vectors(text_encoder, tokenizer, word_vectors):
    """Puts pretrained word vectors into the embedding of a text encoder, before training.

    Their mean is taken off and they are scaled to a standard deviation of 1, as the embedding starts: of GloVe's
    vectors the mean is a large part, the same for every word, and says nothing about any of them. Words without a
    pretrained vector keep their random one. Training goes on moving all of them, unless the layer is frozen:
    `text_encoder.get_layer("embedding").trainable = False`.

    Reference: Mu and Viswanath, "All-but-the-Top: Simple and Effective Postprocessing for Word Representations", 2018
    (taking off the mean).

    Args:
        text_encoder: an encoder with a layer `embedding`, such as `kmm.encoders.LSTMTextEncoder`.
        tokenizer: the tokenizer whose ids it reads, such as `kmm.preprocessing.PromptTokenizer`.
        word_vectors: `kmm.preprocessing.WordVectors` with vectors of the embedding's size.

    Returns:
        The share of the tokenizer's vocabulary that has a pretrained vector, in [0, 1].

    Raises:
        ValueError: if there is no such layer, sizes differ, the vocabulary is larger than the embedding, a word of the
            vocabulary has not one id, or no word has a vector.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "blue", "quux"])
    >>> vectors = kmm.preprocessing.WordVectors(["blue", "red"], [[1.0, 2.0], [3.0, 4.0]])
    >>> encoder = kmm.encoders.LSTMTextEncoder(tokenizer.vocabulary_size, embedding_dim=2, units=4)
    >>> round(load_word_vectors(encoder, tokenizer, vectors), 2)
    0.67
    >>> tuple(encoder.get_layer("embedding").embeddings.shape)
    (5, 2)
    """
    embedding = next((layer for layer in text_encoder.layers if layer.name == "embedding"), None)
    if embedding is None:
        names = [layer.name for layer in text_encoder.layers]
        raise ValueError(
            f"Word vectors go into a layer named 'embedding'. Received: {text_encoder.name!r} with the layers {names}. "
            "Take a text encoder that learns its words, such as LSTMTextEncoder."
        )
    if embedding.output_dim != word_vectors.dim:
        raise ValueError(
            "The word vectors must be as large as the embedding. Received: "
            f"embedding_dim={embedding.output_dim}, word_vectors.dim={word_vectors.dim}. "
            f"Build the text encoder with embedding_dim={word_vectors.dim}."
        )
    words = [word for word in tokenizer.vocabulary if word in word_vectors]
    if not words:
        raise ValueError(
            "At least one word of the vocabulary must have a vector. Received: none of "
            f"{list(tokenizer.vocabulary[:5])}, ... Take vectors of the same language, in lower case."
        )
    rows = _ids(tokenizer, words, embedding.input_dim)
    known = word_vectors.vectors
    center = known.mean(axis=0) if len(known) > 1 else 0.0
    scale = (known - center).std() or 1.0
    table = ops.convert_to_numpy(embedding.embeddings).copy()
    table[rows] = (np.stack([word_vectors[word] for word in words]) - center) / scale
    embedding.embeddings.assign(table)
    return len(words) / len(tokenizer.vocabulary)


def _ids(tokenizer, words, input_dim):
    """The id of each word."""
    tokens = {name: ops.convert_to_numpy(tensor) for name, tensor in tokenizer(words).items()}
    if (tokens["padding_mask"].sum(axis=-1) != 1).any():
        raise ValueError(
            "Each word of the vocabulary must be one token. Received: "
            f"tokenizer={type(tokenizer).__name__}, which splits words or adds tokens. Take a PromptTokenizer."
        )
    rows = tokens["token_ids"][:, 0]
    if tokenizer.vocabulary_size > input_dim:
        raise ValueError(
            "The vocabulary must fit into the embedding. Received: "
            f"vocabulary_size={tokenizer.vocabulary_size}, an embedding of {input_dim} rows. "
            f"Build the text encoder with vocabulary_size={tokenizer.vocabulary_size}."
        )
    return rows
