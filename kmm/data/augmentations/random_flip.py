"""Mirroring that keeps the words true."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys

_SUFFIXES = "(most|wards|ward|hand|)"
_CASES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))
_MARKER = "\x01"


@dataclasses.dataclass(frozen=True)
class RandomFlip:
    """Mirrors picture and masks left to right and swaps "left" and "right" in the prompts.

    Words are swapped as wholes, in compounds too ("leftmost", "left-hand", "bottom-left"), never inside other words
    ("bright", "leftover").

    Args:
        probability: how often, in [0, 1].

    Raises:
        ValueError: if the probability is not in [0, 1].

    Example:

    >>> swap_sides(tf.constant("the bright cup on the left-hand side")).numpy().decode()
    'the bright cup on the right-hand side'
    """

    probability: float = 0.5

    def __post_init__(self):
        if not 0 <= self.probability <= 1:
            raise ValueError(f"A probability lies in [0, 1]. Received: probability={self.probability}.")

    def __call__(self, example, key):
        """Flip the example, or not; `key` is the int64 `(2,)` seed of this example."""
        flip = tf.random.stateless_uniform((), key) < self.probability
        images, masks, prompts = (
            example[name] for name in (feature_keys.IMAGES, feature_keys.SEGMENTATION_MASKS, feature_keys.PROMPTS)
        )
        return {
            **example,
            feature_keys.IMAGES: tf.cond(flip, lambda: tf.reverse(images, [1]), lambda: images),
            feature_keys.SEGMENTATION_MASKS: tf.cond(flip, lambda: tf.reverse(masks, [2]), lambda: masks),
            feature_keys.PROMPTS: tf.cond(flip, lambda: swap_sides(prompts), lambda: prompts),
        }


def swap_sides(prompts):
    """Swap "left" and "right" as whole words in a tensor of strings."""
    for left, right in _CASES:
        prompts = tf.strings.regex_replace(prompts, rf"\b{left}((?i){_SUFFIXES})\b", rf"{_MARKER}\1")
        prompts = tf.strings.regex_replace(prompts, rf"\b{right}((?i){_SUFFIXES})\b", rf"{left}\1")
        prompts = tf.strings.regex_replace(prompts, _MARKER, right)
    return prompts
