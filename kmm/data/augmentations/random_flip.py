"""Mirroring that keeps the words true."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability, move_with_words
from kmm.data.augmentations.boxes import mirrored_boxes
from kmm.data.augmentations.side_words import SIDES


@dataclasses.dataclass(frozen=True)
class RandomFlip:
    """Mirrors picture, masks and boxes left to right and swaps "left" and "right" in the prompts.

    Words are swapped as wholes, in compounds too ("leftmost", "left-hand", "bottom-left"), never inside other words
    ("bright", "leftover"), and not where "right" surely means "correct" or "directly" ("right now", "right behind the
    tree"). An example with a prompt of which nobody can tell ("the right answer", "the second zebra") is left as it is;
    `kmm.data.augmentations.side_words` states the rules.

    Args:
        probability: how often, in [0, 1].

    Raises:
        ValueError: if the probability is not in [0, 1].

    Example:

    >>> example = {"images": tf.zeros((4, 6, 3), "uint8"), "prompts": tf.constant(["the bright cup on the left"])}
    >>> RandomFlip(1.0)(example, tf.constant([1, 2], "int64"))["prompts"].numpy().tolist()
    [b'the bright cup on the right']
    """

    probability: float = 0.5

    def __post_init__(self):
        check_probability(self.probability)

    def __call__(self, example, key):
        """Flip the example, or not; `key` is the int64 `(2,)` seed of this example."""
        fires = tf.random.stateless_uniform((), key) < self.probability
        return apply_if(fires, lambda parts: move_with_words(SIDES, _MOVES, parts), example)


_MOVES = {
    feature_keys.IMAGES: lambda images: tf.reverse(images, [1]),
    feature_keys.SEGMENTATION_MASKS: lambda masks: tf.reverse(masks, [2]),
    feature_keys.BOUNDING_BOXES: mirrored_boxes,
}
