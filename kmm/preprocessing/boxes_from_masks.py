"""Boxes around masks: `(top, left, bottom, right)` as shares of height and width; zeros: none."""

import tensorflow as tf

from kmm.feature_keys import IGNORE_VALUE


def boxes_from_masks(masks, ignore_value=IGNORE_VALUE):
    """The smallest box around the pixels of each mask that are neither 0 nor ignored.

    A mask without such a pixel gets a box of zeros, which means none.

    Args:
        masks: `(..., height, width)`, of any integer or boolean dtype.
        ignore_value: value of the pixels that count nowhere.

    Returns:
        float32 boxes `(..., 4)`: top, left, bottom and right as shares of height and width, in [0, 1].

    Raises:
        TypeError: masks are neither integer nor boolean.
        ValueError: masks have no height and width.

    Example:

    >>> boxes_from_masks(tf.constant([[[0, 1, 1, 255]], [[0, 0, 0, 0]]], "uint8")).numpy().tolist()
    [[0.0, 0.25, 1.0, 0.75], [0.0, 0.0, 0.0, 0.0]]
    """
    masks = tf.convert_to_tensor(masks)
    if not (masks.dtype.is_integer or masks.dtype.is_bool):
        raise TypeError(
            f"masks must be integer or boolean. Received: masks.dtype={masks.dtype.name}. "
            "Make masks of logits or probabilities first: kmm.preprocessing.masks_from_logits."
        )
    if masks.shape.rank is not None and masks.shape.rank < 2:
        raise ValueError(
            f"masks must be (..., height, width). Received: masks.shape={tuple(masks.shape)}. "
            "Give a mask with its two axes."
        )
    masks = tf.cast(masks, tf.int32)
    counted = (masks != 0) & (masks != ignore_value)
    top, bottom = _ends(tf.reduce_any(counted, axis=-1))
    left, right = _ends(tf.reduce_any(counted, axis=-2))
    return tf.stack([top, left, bottom, right], axis=-1)


def _ends(used):
    """First and last used place along the last axis as shares of its length."""
    length = tf.shape(used)[-1]
    places = tf.range(length)
    first = tf.reduce_min(tf.where(used, places, length), axis=-1)
    end = tf.reduce_max(tf.where(used, places + 1, 0), axis=-1)
    return tf.cast(tf.minimum(first, end) / length, tf.float32), tf.cast(end / length, tf.float32)
