"""Bringing pictures to one shape without stretching what they show."""

import dataclasses
import math

import tensorflow as tf

from kmm import feature_keys

GREY = 127


@dataclasses.dataclass(frozen=True)
class Letterbox:
    """Sets picture and masks into the middle of a frame of one aspect ratio: nothing is stretched or cut off.

    The frame is the smallest that holds the picture. Around the picture it is grey, and its labels are 255, so that it
    counts nowhere. Give it to `build_dataset` as `preparations=(Letterbox(width / height),)` with the width and height
    of the model. Boxes move with the picture; words stay as they are. Nothing is drawn: the key is not read.

    Args:
        aspect: the width of the frame divided by its height.

    Raises:
        ValueError: if the aspect is not a positive finite number.

    Example:

    >>> example = {"images": tf.zeros((8, 12, 3), "uint8"), "segmentation_masks": tf.zeros((1, 8, 12), "uint8")}
    >>> example = Letterbox(1.0)(example)
    >>> tuple(example["images"].shape), example["segmentation_masks"].numpy()[0, :, 0].tolist()
    ((12, 12, 3), [255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255])
    """

    aspect: float = 1.0

    def __post_init__(self):
        if not 0 < self.aspect < math.inf:
            raise ValueError(
                "The aspect ratio is width divided by height, a positive number. "
                f"Received: aspect={self.aspect}. Use 1.0 for square pictures."
            )

    def __call__(self, example, key=None):
        """Frame the example; `key` is not read."""
        images = example[feature_keys.IMAGES]
        height, width = tf.unstack(tf.shape(images)[:2])
        wide = tf.cast(tf.round(tf.cast(height, tf.float64) * self.aspect), tf.int32)
        high = tf.cast(tf.round(tf.cast(width, tf.float64) / self.aspect), tf.int32)
        added = tf.stack([tf.maximum(high - height, 0), tf.maximum(wide - width, 0)])
        before = added // 2
        room = tf.stack([before, added - before], axis=-1)
        framed = {feature_keys.IMAGES: _pad(images, [room, [[0, 0]]], GREY)}
        if feature_keys.SEGMENTATION_MASKS in example:
            masks = example[feature_keys.SEGMENTATION_MASKS]
            framed[feature_keys.SEGMENTATION_MASKS] = _pad(masks, [[[0, 0]], room], feature_keys.IGNORE_VALUE)
        if feature_keys.BOUNDING_BOXES in example:
            sizes, starts, ends = (tf.cast(tf.tile(n, [2]), tf.float32) for n in ([height, width], before, added))
            boxes = example[feature_keys.BOUNDING_BOXES]
            is_box = tf.reduce_any(boxes != 0, axis=-1, keepdims=True)
            moved = (boxes * sizes + starts) / (sizes + ends)
            framed[feature_keys.BOUNDING_BOXES] = tf.where(is_box, moved, boxes)
        return {**example, **framed}


def _pad(array, room, value):
    return tf.pad(array, tf.concat(room, axis=0), constant_values=tf.constant(value, array.dtype))
