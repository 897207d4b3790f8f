"""Changing an example only where a step fires, inside the TensorFlow graph."""

import tensorflow as tf

from kmm import feature_keys

KEYS = (
    feature_keys.IMAGES,
    feature_keys.PROMPTS,
    feature_keys.SEGMENTATION_MASKS,
    feature_keys.BOUNDING_BOXES,
)
"""What data steps may change. Anything else in an example is passed on."""


def apply_if(fires, change, example):
    """The example, changed where `fires`; nothing is computed where it does not.

    Args:
        fires: bool scalar.
        change: function from the parts of the example under `KEYS`, a dict, to a dict of new values for some of them.
        example: dict; keys may be missing.

    Example:

    >>> example = {"prompts": tf.constant(["cup"]), "name": "1"}
    >>> apply_if(tf.constant(True), lambda parts: {"prompts": tf.strings.upper(parts["prompts"])}, example)["prompts"]
    <tf.Tensor: shape=(1,), dtype=string, numpy=array([b'CUP'], dtype=object)>
    """
    parts = {key: example[key] for key in KEYS if key in example}
    return {**example, **tf.cond(fires, lambda: {**parts, **change(parts)}, lambda: parts)}


def move_with_words(words, moves, parts):
    """Picture, masks, boxes and prompts moved together; everything as it is where a prompt is not sure.

    Args:
        words: function from prompts to new prompts and which of them are sure, such as a `WordMap`.
        moves: for each key but the prompts a function of its value.
        parts: dict; keys may be missing.
    """

    def moved():
        return {key: moves[key](value) for key, value in parts.items() if key in moves}

    if feature_keys.PROMPTS not in parts:
        return moved()
    prompts, sure = words(parts[feature_keys.PROMPTS])
    return apply_if(tf.reduce_all(sure), lambda _: {**moved(), feature_keys.PROMPTS: prompts}, parts)


def check_probability(probability):
    """Raises a `ValueError` for what is no probability."""
    if not 0 <= probability <= 1:
        raise ValueError(f"A probability lies in [0, 1]. Received: probability={probability}.")
