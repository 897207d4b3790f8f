"""Quarter turns that keep the words true."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import KEYS, check_probability, move_with_words
from kmm.data.augmentations.boxes import turned_boxes
from kmm.data.augmentations.turn_words import TURNS


@dataclasses.dataclass(frozen=True)
class RandomQuarterTurn:
    """Turns picture, masks, boxes and the words for places by 90, 180 or 270 degrees, each as often.

    For pictures without a natural up, such as those of a microscope or taken from above. An example with a prompt that
    cannot be turned with certainty ("the tall jug", "the highest cup") is left as it is;
    `kmm.data.augmentations.turn_words` states the rules.

    Args:
        probability: how often a picture is turned at all, in [0, 1].
        keep_shape: turn pictures that are not square by 180 degrees only. Otherwise height and width are exchanged by
            turns of 90 and 270 degrees, and a later resizing distorts.

    Raises:
        ValueError: if the probability is not in [0, 1].

    Example:

    >>> example = {"images": tf.zeros((4, 6, 3), "uint8"), "prompts": tf.constant(["the leftmost cell"])}
    >>> turned = RandomQuarterTurn(1.0, keep_shape=False)(example, tf.constant([1, 2], "int64"))
    >>> tuple(turned["images"].shape), turned["prompts"].numpy().tolist()
    ((6, 4, 3), [b'the bottommost cell'])
    """

    probability: float = 0.75
    keep_shape: bool = True

    def __post_init__(self):
        check_probability(self.probability)

    def __call__(self, example, key):
        """Turn the example, or not; `key` is the int64 `(2,)` seed of this example."""
        draws = tf.random.stateless_uniform((2,), key)
        turns = 1 + tf.cast(draws[1] * 3, tf.int32)
        if self.keep_shape:
            height, width = tf.unstack(tf.shape(example[feature_keys.IMAGES])[:2])
            turns = tf.where(height == width, turns, 2)
        turns = tf.where(draws[0] < self.probability, turns, 0)
        parts = {name: example[name] for name in KEYS if name in example}
        branches = [lambda: parts, *(lambda count=count: _turned(parts, count) for count in TURNS)]
        return {**example, **tf.switch_case(turns, branches)}


def _turned(parts, turns):
    def repeatedly(parts):
        for _ in range(turns):
            parts = turned_boxes(parts)
        return parts

    moves = {
        feature_keys.IMAGES: lambda images: _turned_axes(images, 0, turns),
        feature_keys.SEGMENTATION_MASKS: lambda masks: _turned_axes(masks, 1, turns),
        feature_keys.BOUNDING_BOXES: repeatedly,
    }
    return {**parts, **move_with_words(TURNS[turns], moves, parts)}


def _turned_axes(values, axis, turns):
    """Turn anticlockwise in the plane of an axis and the next."""
    if turns == 2:
        return tf.reverse(values, [axis, axis + 1])
    order = list(range(values.shape.rank))
    order[axis], order[axis + 1] = axis + 1, axis
    return tf.reverse(tf.transpose(values, order), [axis if turns == 1 else axis + 1])
