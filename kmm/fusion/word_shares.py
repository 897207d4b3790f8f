"""Attention weights as maps of the picture."""

from keras import ops


def word_shares(weights, padding_mask, size):
    """The share of each word in what a pixel reads of the words, as one map for each word.

    Args:
        weights: attention weights `(batch, heads, height * width, length)`, not negative.
        padding_mask: bool `(batch, length)`, `True` at real words.
        size: `(height, width)`.

    Returns:
        float32 `(batch, height, width, length)`, the mean over the heads: 0 at padded words, and of sum 1 over the
        words of a pixel; all 0 for an empty prompt.

    Example:

    >>> import numpy as np
    >>> shares = word_shares(np.ones((1, 2, 1, 4)), np.array([[True, True, True, False]]), size=(1, 1))
    >>> [round(share, 2) for share in np.asarray(shares)[0, 0, 0].tolist()]
    [0.33, 0.33, 0.33, 0.0]
    """
    is_word = ops.cast(padding_mask, "float32")[:, None, :]
    shares = ops.mean(ops.cast(weights, "float32"), axis=1) * is_word  # (batch, pixels, length)
    shares = shares / ops.maximum(ops.sum(shares, axis=-1, keepdims=True), 1e-30)
    return ops.reshape(shares, (ops.shape(shares)[0], *size, ops.shape(shares)[-1]))
