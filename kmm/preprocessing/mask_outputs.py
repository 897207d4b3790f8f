"""What logits say, as masks and scores: one definition for predictions in Python and for exported models."""

import math

import tensorflow as tf

from kmm import feature_keys


def segmentation_logits(outputs):
    """The logits of the masks: a model's only output, or the one of several that is named `segmentation_masks`.

    Raises:
        ValueError: if there are several outputs and none has that name.

    Example:

    >>> tuple(segmentation_logits({"segmentation_masks": tf.zeros((2, 8, 8, 1)), "depth": tf.zeros((2, 8, 8))}).shape)
    (2, 8, 8, 1)
    """
    if not isinstance(outputs, dict):
        return outputs
    if feature_keys.SEGMENTATION_MASKS not in outputs:
        raise ValueError(
            f"Among several outputs the masks must be named {feature_keys.SEGMENTATION_MASKS!r}. "
            f"Received: outputs={sorted(outputs)}. Give it a segmentation head of that name."
        )
    return outputs[feature_keys.SEGMENTATION_MASKS]


def masks_from_logits(logits, size=None, threshold=0.5):
    """Turns logits into masks, at the logits' own size or resized to another one first.

    Resizing the logits, not the mask, gives smooth outlines. One channel is a binary mask: 1 where the sigmoid lies
    above `threshold`. More channels are classes: the id of the largest logit. They are resized one after the other, so
    memory does not grow with their number: at most 16 bytes for each pixel of the masks.

    Args:
        logits: float `(height, width, channels)` or `(batch, height, width, channels)`.
        size: `(height, width)` of the masks in pixels; `None` keeps that of the logits.
        threshold: probability above which a pixel belongs to a binary mask: a number, or a float tensor `(batch,)`.

    Returns:
        uint8 masks `(height, width)` or `(batch, height, width)`.

    Example:

    >>> tuple(masks_from_logits(tf.zeros((2, 8, 8, 1)), size=(20, 30)).shape)
    (2, 20, 30)
    """
    logits = tf.cast(logits, "float32")
    if logits.shape[-1] == 1:
        logits = logits if size is None else tf.image.resize(logits, size)
        return tf.cast(logits[..., 0] > _logit(threshold), "uint8")
    if size is None:
        return tf.cast(tf.argmax(logits, axis=-1, output_type="int32"), "uint8")
    return _largest_when_resized(logits, size)


def _logit(threshold):
    """The logit of a probability, shaped to compare with `(..., height, width)`: cheaper than a sigmoid per pixel."""
    if isinstance(threshold, (int, float)):
        if not 0 < threshold < 1:
            raise ValueError(f"A threshold must lie between 0 and 1. Received: threshold={threshold}. Use 0.5.")
        return math.log(threshold / (1.0 - threshold))
    return (tf.math.log(threshold) - tf.math.log1p(-threshold))[..., None, None]


def _largest_when_resized(logits, size):
    """The argmax of resized logits with one class at a time in memory; of equal ones the first, as in argmax."""

    def resize(class_id):
        return tf.image.resize(tf.gather(logits, [class_id], axis=-1), size)[..., 0]

    def compare(class_id, largest, class_ids):
        resized = resize(class_id)
        class_ids = tf.where(resized > largest, tf.cast(class_id, "uint8"), class_ids)
        return class_id + 1, tf.maximum(resized, largest), class_ids

    first = resize(0)
    start = (tf.constant(1), first, tf.zeros_like(first, "uint8"))
    return tf.while_loop(lambda class_id, *_: class_id < logits.shape[-1], compare, start, parallel_iterations=1)[-1]


def scores_from_logits(logits, threshold=0.5):
    """How sure the model is of each mask, in [0, 1].

    For one channel, the mean probability over the pixels of the mask, 0 where the mask is empty. For more, the mean
    over all pixels of the largest class probability.

    Args:
        logits: float `(..., height, width, channels)`.
        threshold: as for `masks_from_logits`.

    Returns:
        float32 scores `(...)`.

    Example:

    >>> tuple(scores_from_logits(tf.zeros((2, 8, 8, 1))).shape)
    (2,)
    """
    logits = tf.cast(logits, "float32")
    if logits.shape[-1] == 1:
        probabilities = tf.sigmoid(logits[..., 0])
        inside = tf.cast(logits[..., 0] > _logit(threshold), "float32")
        return tf.math.divide_no_nan(
            tf.reduce_sum(probabilities * inside, axis=(-2, -1)), tf.reduce_sum(inside, axis=(-2, -1))
        )
    # The largest class probability, without the others: exp(0) over the sum.
    largest = tf.reduce_max(logits, axis=-1, keepdims=True)
    return tf.reduce_mean(1.0 / tf.reduce_sum(tf.exp(logits - largest), axis=-1), axis=(-2, -1))
