"""Small rotations and scalings."""

import dataclasses

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability
from kmm.data.augmentations.boxes import kept_boxes
from kmm.data.augmentations.prompt_words import WHOLE, any_prompt_holds


@dataclasses.dataclass(frozen=True)
class RandomAffine:
    """Rotates and scales picture, masks and boxes about the middle of the picture, and keeps its size.

    Pictures are interpolated (bilinear), masks take the nearest pixel; what comes from outside is grey with labels 255.
    Boxes surround the turned boxes. An example is left as it is where a prompt holds a word that is true of the whole
    picture only (places, sizes, comparisons and numbers, such as "left", "largest", "all", "two").

    Args:
        degrees: the most by which a picture is rotated to either side, in [0, 180].
        smallest, largest: range of the scale; above 1 things become larger.
        probability: how often, in [0, 1].
        keep_words: `False` rotates whatever the words.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    >>> example = {"images": tf.zeros((8, 8, 3), "uint8"), "segmentation_masks": tf.zeros((2, 8, 8), "uint8")}
    >>> rotated = RandomAffine()(example, tf.constant([1, 2], "int64"))
    >>> tuple(rotated["images"].shape), tuple(rotated["segmentation_masks"].shape)
    ((8, 8, 3), (2, 8, 8))
    """

    degrees: float = 10.0
    smallest: float = 0.9
    largest: float = 1.1
    probability: float = 1.0
    keep_words: bool = True

    def __post_init__(self):
        check_probability(self.probability)
        if not 0 <= self.degrees <= 180:
            raise ValueError(f"A rotation lies in [0, 180] degrees. Received: degrees={self.degrees}.")
        if not 0 < self.smallest <= self.largest:
            raise ValueError(
                "The smallest scale must be positive and not above the largest. "
                f"Received: smallest={self.smallest}, largest={self.largest}."
            )

    def __call__(self, example, key):
        """Rotate and scale the example, or not; `key` is the int64 `(2,)` seed of this example."""
        draws = tf.random.stateless_uniform((3,), key)
        fires = draws[0] < self.probability
        if self.keep_words:
            fires &= ~any_prompt_holds(example, WHOLE)
        angle = (2 * draws[1] - 1) * self.degrees * (np.pi / 180)
        scale = self.smallest * (self.largest / self.smallest) ** draws[2]
        return apply_if(fires, lambda parts: _rotated(parts, angle, scale), example)


def _rotated(parts, angle, scale):
    height, width = tf.unstack(tf.cast(tf.shape(parts[feature_keys.IMAGES])[:2], tf.float32))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    x, y = (width - 1) / 2, (height - 1) / 2
    a, b = cosine / scale, sine / scale
    back = tf.stack([a, b, x - a * x - b * y, -b, a, y + b * x - a * y, 0.0, 0.0])  # new pixel -> old pixel
    moved = {feature_keys.IMAGES: _sampled(parts[feature_keys.IMAGES][None], back, "BILINEAR", 127.0)[0]}
    if feature_keys.SEGMENTATION_MASKS in parts:
        masks = parts[feature_keys.SEGMENTATION_MASKS]
        sampled = _sampled(masks[..., None], back, "NEAREST", float(feature_keys.IGNORE_VALUE))[..., 0]
        moved[feature_keys.SEGMENTATION_MASKS] = tf.ensure_shape(sampled, masks.shape)
    if feature_keys.BOUNDING_BOXES in parts:
        moved[feature_keys.BOUNDING_BOXES] = _surrounding(
            parts[feature_keys.BOUNDING_BOXES], cosine * scale, sine * scale, height, width
        )
    return moved


def _sampled(images, transform, interpolation, outside):
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transform[None],
        output_shape=tf.shape(images)[1:3],
        fill_value=outside,
        interpolation=interpolation,
        fill_mode="CONSTANT",
    )


def _surrounding(boxes, cosine, sine, height, width):
    """The boxes around the rotated corners, cut at the edges of the picture."""
    top, left, bottom, right = tf.unstack(boxes - 0.5, 4, axis=-1)
    x = tf.stack([left, right, left, right], axis=-1) * width
    y = tf.stack([top, top, bottom, bottom], axis=-1) * height
    x, y = (cosine * x - sine * y) / width, (sine * x + cosine * y) / height
    corners = [tf.reduce_min(y, -1), tf.reduce_min(x, -1), tf.reduce_max(y, -1), tf.reduce_max(x, -1)]
    found = tf.reduce_all(boxes[:, 2:] > boxes[:, :2], axis=-1, keepdims=True)
    return kept_boxes(tf.where(found, tf.clip_by_value(tf.stack(corners, axis=-1) + 0.5, 0.0, 1.0), 0.0))
