"""Other light."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys


@dataclasses.dataclass(frozen=True)
class RandomColor:
    """Changes brightness, contrast and saturation; hues stay, so that colour words stay true.

    Args:
        strength: 0 changes nothing, 1 is the most.

    Raises:
        ValueError: if the strength is not in [0, 1].

    Example:

    >>> example = {"images": tf.fill((8, 8, 3), tf.constant(100, "uint8"))}
    >>> tuple(RandomColor()(example, tf.constant([1, 2], "int64"))["images"].shape)
    (8, 8, 3)
    """

    strength: float = 0.3

    def __post_init__(self):
        if not 0 <= self.strength <= 1:
            raise ValueError(f"A strength lies in [0, 1]. Received: strength={self.strength}.")

    def __call__(self, example, key):
        """Change the picture; `key` is the int64 `(2,)` seed of this example."""
        brightness, contrast, saturation = tf.unstack(
            tf.random.stateless_uniform((3,), key, -self.strength, self.strength)
        )
        images = tf.cast(example[feature_keys.IMAGES], tf.float32)
        grey = tf.reduce_mean(images, axis=-1, keepdims=True)
        images = grey + (images - grey) * (1 + saturation)
        middle = tf.reduce_mean(grey)
        images = (middle + (images - middle) * (1 + contrast)) * (1 + brightness)
        return {**example, feature_keys.IMAGES: tf.cast(tf.clip_by_value(images, 0, 255), tf.uint8)}
