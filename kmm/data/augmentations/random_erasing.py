"""A hidden rectangle."""

import dataclasses

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability


@dataclasses.dataclass(frozen=True)
class RandomErasing:
    """Paints a rectangle of the picture grey; masks, boxes and words stay as they are.

    What is hidden is still there: a model learns to complete it from what it sees around and from the words.

    Reference: Zhong et al., "Random Erasing Data Augmentation", 2017.

    Args:
        probability: how often, in [0, 1].
        smallest, largest: range of the rectangle's area as a share of the picture's.
        most_stretch: by how much at most the rectangle's ratio of width to height differs from the picture's, as a
            factor.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    >>> example = {"images": tf.zeros((8, 12, 3), "uint8")}
    >>> erased = RandomErasing(1.0, 0.25, 0.25, most_stretch=1.0)(example, tf.constant([1, 2], "int64"))
    >>> int(tf.reduce_sum(tf.cast(erased["images"][..., 0] == 127, "int32")))  # 4 x 6 pixels
    24
    """

    probability: float = 0.5
    smallest: float = 0.02
    largest: float = 0.25
    most_stretch: float = 3.0

    def __post_init__(self):
        check_probability(self.probability)
        if not 0 < self.smallest <= self.largest <= 1:
            raise ValueError(
                "Shares of the area lie in (0, 1], the smallest not above the largest. "
                f"Received: smallest={self.smallest}, largest={self.largest}."
            )
        if self.most_stretch < 1:
            raise ValueError(f"The most stretch is a factor of at least 1. Received: most_stretch={self.most_stretch}.")

    def __call__(self, example, key):
        """Hide a rectangle, or not; `key` is the int64 `(2,)` seed of this example."""
        draws = tf.random.stateless_uniform((5,), key)

        def erase(parts):
            images = parts[feature_keys.IMAGES]
            area = self.smallest + (self.largest - self.smallest) * draws[1]
            stretch = tf.exp((2 * draws[2] - 1) * (np.log(self.most_stretch) / 2))
            shares = tf.minimum(tf.sqrt(area) * tf.stack([1 / stretch, stretch]), 1.0)
            shape = tf.cast(tf.shape(images)[:2], tf.float32)
            sizes = tf.maximum(tf.round(shares * shape), 1.0)
            starts = tf.floor(draws[3:] * (shape - sizes + 1))
            top, left, bottom, right = tf.unstack(tf.cast(tf.concat([starts, starts + sizes], 0), tf.int32))
            grey = tf.fill((bottom - top, right - left, 3), tf.constant(127, images.dtype))
            middle = tf.concat([images[top:bottom, :left], grey, images[top:bottom, right:]], axis=1)
            erased = tf.concat([images[:top], middle, images[bottom:]], axis=0)
            return {feature_keys.IMAGES: tf.ensure_shape(erased, images.shape)}

        return apply_if(draws[0] < self.probability, erase, example)
