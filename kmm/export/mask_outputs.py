"""What logits say, as masks and scores: one definition for predictions in Python and for exported models."""

import tensorflow as tf


def masks_from_logits(logits, size=None, threshold=0.5):
    """Turns logits into masks, at the logits' own size or resized to another one first.

    Resizing the logits, not the mask, gives smooth outlines. One channel is a binary mask: 1 where the sigmoid lies
    above `threshold`. More channels are classes: the id of the largest logit.

    Args:
        logits: float `(height, width, channels)` or `(batch, height, width, channels)`.
        size: `(height, width)` of the masks in pixels; `None` keeps that of the logits.
        threshold: probability above which a pixel belongs to a binary mask.

    Returns:
        uint8 masks `(height, width)` or `(batch, height, width)`.

    Example:

    >>> tuple(masks_from_logits(tf.zeros((2, 8, 8, 1)), size=(20, 30)).shape)
    (2, 20, 30)
    """
    logits = tf.cast(logits, "float32")
    if size is not None:
        logits = tf.image.resize(logits, size)
    if logits.shape[-1] == 1:
        return tf.cast(tf.sigmoid(logits[..., 0]) > threshold, "uint8")
    return tf.cast(tf.argmax(logits, axis=-1, output_type="int32"), "uint8")


def scores_from_logits(logits, threshold=0.5):
    """How sure the model is of each mask, in [0, 1].

    For one channel, the mean probability over the pixels of the mask, 0 where the mask is empty. For more, the mean
    over all pixels of the largest class probability.

    Args:
        logits: float `(..., height, width, channels)`.
        threshold: probability above which a pixel belongs to a binary mask.

    Returns:
        float32 scores `(...)`.

    Example:

    >>> tuple(scores_from_logits(tf.zeros((2, 8, 8, 1))).shape)
    (2,)
    """
    logits = tf.cast(logits, "float32")
    if logits.shape[-1] == 1:
        probabilities = tf.sigmoid(logits[..., 0])
        inside = tf.cast(probabilities > threshold, "float32")
        return tf.math.divide_no_nan(
            tf.reduce_sum(probabilities * inside, axis=(-2, -1)), tf.reduce_sum(inside, axis=(-2, -1))
        )
    return tf.reduce_mean(tf.reduce_max(tf.nn.softmax(logits), axis=-1), axis=(-2, -1))
