"""Grain."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability

_DEVIATION = ((256**2 - 1) / 12) ** 0.5
"""The standard deviation of a random byte."""


@dataclasses.dataclass(frozen=True)
class RandomNoise:
    """Adds noise to every value of the picture, of another strength for each picture: uniform and without bias.

    Args:
        probability: how often, in [0, 1].
        largest: the largest standard deviation, in grey levels of 255; each picture draws its own between 0 and this.

    Raises:
        ValueError: if the probability is not in [0, 1] or the deviation not in [0, 100].

    Example:

    >>> example = {"images": tf.fill((8, 8, 3), tf.constant(100, "uint8"))}
    >>> tuple(RandomNoise()(example, tf.constant([1, 2], "int64"))["images"].shape)
    (8, 8, 3)
    """

    probability: float = 0.5
    largest: float = 15.0

    def __post_init__(self):
        check_probability(self.probability)
        if not 0 <= self.largest <= 100:
            raise ValueError(f"The largest deviation lies in [0, 100] grey levels. Received: largest={self.largest}.")

    def __call__(self, example, key):
        """Add noise, or not; `key` is the int64 `(2,)` seed of this example."""
        draws = tf.random.stateless_uniform((2,), key)

        def add(parts):
            images = parts[feature_keys.IMAGES]
            words = tf.random.stateless_uniform((tf.size(images) // 4 + 1,), key + [0, 1 << 40], None, None, tf.int32)
            noise = tf.cast(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[: tf.size(images)], tf.float32) - 127.5
            noise = tf.reshape(noise * (draws[1] * self.largest / _DEVIATION), tf.shape(images))
            values = tf.round(tf.cast(images, tf.float32) + noise)
            return {feature_keys.IMAGES: tf.cast(tf.clip_by_value(values, 0, 255), images.dtype)}

        return apply_if(draws[0] < self.probability, add, example)
