"""Less sharp."""

import dataclasses
import math

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability


@dataclasses.dataclass(frozen=True)
class RandomBlur:
    """Blurs the picture with a Gaussian, of another width for each picture.

    Args:
        probability: how often, in [0, 1].
        largest: the largest standard deviation of the Gaussian, in pixels of the picture as this step gets it; each
            picture draws its own between 0 and this.

    Raises:
        ValueError: if the probability is not in [0, 1] or the deviation not in (0, 20].

    Example:

    >>> example = {"images": tf.zeros((8, 12, 3), "uint8")}
    >>> tuple(RandomBlur()(example, tf.constant([1, 2], "int64"))["images"].shape)
    (8, 12, 3)
    """

    probability: float = 0.3
    largest: float = 1.5

    def __post_init__(self):
        check_probability(self.probability)
        if not 0 < self.largest <= 20:
            raise ValueError(f"The largest deviation lies in (0, 20] pixels. Received: largest={self.largest}.")

    def __call__(self, example, key):
        """Blur the picture, or not; `key` is the int64 `(2,)` seed of this example."""
        draws = tf.random.stateless_uniform((2,), key)

        def blur(parts):
            images = parts[feature_keys.IMAGES]
            reach = math.ceil(3 * self.largest)
            places = tf.range(-reach, reach + 1, dtype=tf.float32) / tf.maximum(draws[1] * self.largest, 1e-3)
            weights = tf.nn.softmax(-(places**2) / 2)  # normalised
            kernel = tf.tile(weights[:, None, None, None], (1, 1, 3, 1))
            blurred = tf.cast(images, tf.float32)[None]
            for axis in (1, 2):
                # as if the picture's edge went on
                edges = [
                    tf.gather(blurred, [0], axis=axis),
                    tf.gather(blurred, [tf.shape(blurred)[axis] - 1], axis=axis),
                ]
                before, after = (tf.repeat(edge, reach, axis=axis) for edge in edges)
                blurred = tf.concat([before, blurred, after], axis=axis)
                blurred = tf.nn.depthwise_conv2d(blurred, kernel, (1, 1, 1, 1), "VALID")
                kernel = tf.transpose(kernel, (1, 0, 2, 3))
            return {feature_keys.IMAGES: tf.ensure_shape(tf.cast(blurred[0] + 0.5, images.dtype), images.shape)}

        return apply_if(draws[0] < self.probability, blur, example)
