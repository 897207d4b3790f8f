"""Turning upside down as in a mirror, with true words."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import apply_if, check_probability, move_with_words
from kmm.data.augmentations.boxes import upturned_boxes
from kmm.data.augmentations.height_words import HEIGHTS


@dataclasses.dataclass(frozen=True)
class RandomVerticalFlip:
    """Mirrors picture, masks and boxes top to bottom and swaps "top" and "bottom", "above" and "below" in the prompts.

    For pictures without a natural up, such as those of a microscope or taken from above. An example with a prompt that
    cannot be swapped with certainty ("the man in the red top", "upright") is left as it is;
    `kmm.data.augmentations.height_words` states the rules.

    Args:
        probability: how often, in [0, 1].

    Raises:
        ValueError: if the probability is not in [0, 1].

    Example:

    >>> example = {"images": tf.zeros((4, 6, 3), "uint8"), "prompts": tf.constant(["upper left cell", "topmost cell"])}
    >>> RandomVerticalFlip(1.0)(example, tf.constant([1, 2], "int64"))["prompts"].numpy().tolist()
    [b'lower left cell', b'bottommost cell']
    """

    probability: float = 0.5

    def __post_init__(self):
        check_probability(self.probability)

    def __call__(self, example, key):
        """Flip the example, or not; `key` is the int64 `(2,)` seed of this example."""
        fires = tf.random.stateless_uniform((), key) < self.probability
        return apply_if(fires, lambda parts: move_with_words(HEIGHTS, _MOVES, parts), example)


_MOVES = {
    feature_keys.IMAGES: lambda images: tf.reverse(images, [0]),
    feature_keys.SEGMENTATION_MASKS: lambda masks: tf.reverse(masks, [1]),
    feature_keys.BOUNDING_BOXES: upturned_boxes,
}
