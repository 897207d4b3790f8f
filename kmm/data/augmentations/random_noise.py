"""Grain."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability


@dataclasses.dataclass(frozen=True)
class RandomNoise:
    """Adds noise to every value of the picture, of another strength for each picture.

    The noise is the sum of two uniform numbers, between Gaussian and uniform in form, and without bias.

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
            # 32 random bits are two numbers of 16
            words = tf.random.stateless_uniform((tf.size(images),), key + [0, 1 << 40], None, None, tf.int32)
            pair = tf.cast(tf.bitcast(words, tf.int16), tf.float32)  # (values, 2), deviation of each 2**16 / sqrt(12)
            noise = tf.reshape(tf.reduce_sum(pair, axis=-1), tf.shape(images))
            noise *= draws[1] * self.largest * (6**0.5 / 2**16)
            values = tf.round(tf.cast(images, tf.float32) + noise)
            return {feature_keys.IMAGES: tf.cast(tf.clip_by_value(values, 0, 255), images.dtype)}

        return apply_if(draws[0] < self.probability, add, example)
