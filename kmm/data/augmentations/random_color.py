"""Other light and other colours."""

import dataclasses

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.prompt_words import COLOURS, any_prompt_holds

_GREY = np.full((3, 3), 1 / 3, "float32")
_ACROSS = np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]], "float32") / np.sqrt(3, dtype="float32")
"""The cross product with the grey axis: turns hues by 90 degrees."""


@dataclasses.dataclass(frozen=True)
class RandomColor:
    """Changes brightness, contrast and saturation, and where wanted hues.

    Where a prompt names a colour or a lightness ("the dark red car"), hue and saturation stay and brightness and
    contrast change by a third as much, so that the words stay true.

    Args:
        strength: of brightness, contrast and saturation: 0 changes nothing, 1 is the most.
        hue: the most by which hues are turned, in degrees; 0 keeps them, 180 gives any.

    Raises:
        ValueError: if the strength is not in [0, 1] or the hue not in [0, 180].

    Example:

    >>> example = {"images": tf.fill((8, 8, 3), tf.constant(100, "uint8"))}
    >>> tuple(RandomColor()(example, tf.constant([1, 2], "int64"))["images"].shape)
    (8, 8, 3)
    """

    strength: float = 0.3
    hue: float = 0.0

    def __post_init__(self):
        if not 0 <= self.strength <= 1:
            raise ValueError(f"A strength lies in [0, 1]. Received: strength={self.strength}.")
        if not 0 <= self.hue <= 180:
            raise ValueError(f"The turn of a hue lies in [0, 180] degrees. Received: hue={self.hue}.")

    def __call__(self, example, key):
        """Change the picture; `key` is the int64 `(2,)` seed of this example."""
        named = any_prompt_holds(example, COLOURS)
        weaker, off = tf.where(named, 1 / 3, 1.0), tf.where(named, 0.0, 1.0)
        draws = tf.random.stateless_uniform((4,), key, -1.0, 1.0)
        limits = tf.stack([self.strength * weaker, self.strength * weaker, self.strength * off, self.hue * off])
        brightness, contrast, saturation, hue = tf.unstack(draws * limits)
        pixels = tf.cast(tf.reshape(example[feature_keys.IMAGES], (-1, 3)), tf.float32)
        # all changes are linear in a pixel's colour, so that one matrix does them
        matrix = tf.eye(3)
        if self.hue:
            turn = hue * (np.pi / 180)
            matrix += (tf.cos(turn) - 1) * (tf.eye(3) - _GREY) + tf.sin(turn) * _ACROSS
        matrix = (1 + contrast) * (1 + brightness) * ((1 + saturation) * matrix - saturation * _GREY)
        pixels = pixels @ matrix - contrast * (1 + brightness) * tf.reduce_mean(pixels)
        images = tf.reshape(tf.cast(tf.clip_by_value(pixels, 0, 255), tf.uint8), tf.shape(example[feature_keys.IMAGES]))
        return {**example, feature_keys.IMAGES: tf.ensure_shape(images, example[feature_keys.IMAGES].shape)}
