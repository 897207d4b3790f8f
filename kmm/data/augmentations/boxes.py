"""Boxes that follow their masks: `(top, left, bottom, right)` as shares of height and width; zeros: none.

Those of the masks themselves come from `kmm.preprocessing.boxes_from_masks`.
"""

import tensorflow as tf

_ROUNDING = 1e-5
"""Below any pixel's share of a picture that can be decoded."""


def fitted_boxes(boxes, starts, sizes):
    """The boxes in a window of the picture, cut at its edges; zeros for what lies outside.

    Args:
        boxes: float32 `(num_prompts, 4)`, shares of the picture.
        starts: top and left end of the window as shares of the picture, may be below 0.
        sizes: height and width of the window as shares of the picture, may be above 1.

    Example:

    >>> boxes = tf.constant([[0.25, 0.0, 0.75, 0.5], [0.0, 0.0, 0.5, 0.25]])
    >>> fitted_boxes(boxes, [0.5, 0.25], [0.5, 0.5]).numpy().tolist()
    [[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]]
    """
    starts, sizes = (tf.tile(tf.cast(pair, tf.float32), [2]) for pair in (starts, sizes))
    return kept_boxes(tf.clip_by_value((boxes - starts) / sizes, 0.0, 1.0))


def kept_boxes(boxes):
    """Zeros instead of boxes without height or width, up to rounding."""
    return tf.where(tf.reduce_all(boxes[:, 2:] - boxes[:, :2] > _ROUNDING, axis=-1, keepdims=True), boxes, 0.0)


def mirrored_boxes(boxes):
    """The boxes of the picture mirrored left to right.

    >>> mirrored_boxes(tf.constant([[0.0, 0.25, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]])).numpy().tolist()
    [[0.0, 0.5, 0.5, 0.75], [0.0, 0.0, 0.0, 0.0]]
    """
    top, left, bottom, right = tf.unstack(boxes, 4, axis=-1)
    return kept_boxes(tf.stack([top, 1 - right, bottom, 1 - left], axis=-1))


def upturned_boxes(boxes):
    """The boxes of the picture turned upside down as in a mirror below it.

    >>> upturned_boxes(tf.constant([[0.0, 0.25, 0.25, 0.5]])).numpy().tolist()
    [[0.75, 0.25, 1.0, 0.5]]
    """
    top, left, bottom, right = tf.unstack(boxes, 4, axis=-1)
    return kept_boxes(tf.stack([1 - bottom, left, 1 - top, right], axis=-1))


def turned_boxes(boxes):
    """The boxes of the picture turned by a quarter anticlockwise.

    >>> turned_boxes(tf.constant([[0.0, 0.25, 0.25, 0.5]])).numpy().tolist()
    [[0.5, 0.0, 0.75, 0.25]]
    """
    top, left, bottom, right = tf.unstack(boxes, 4, axis=-1)
    return kept_boxes(tf.stack([1 - right, top, 1 - left, bottom], axis=-1))
