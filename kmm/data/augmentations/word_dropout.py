"""Fewer words."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.apply_if import check_probability
from kmm.data.augmentations.prompt_words import MEANING
from kmm.data.augmentations.word_map import holds


@dataclasses.dataclass(frozen=True)
class WordDropout:
    """Leaves words out of the prompts, so that a model does not hang on single ones.

    By default words that decide which thing is meant stay: places, colours, sizes, numbers, relations and negations, as
    a phrase without them may name something else. No prompt loses its last word. Where a word is left out, one space
    stands between the others.

    Reference: Chung et al., "MaskRIS: Semantic Distortion-aware Data Augmentation for Referring Image Segmentation",
    2024, which finds 0.15 best among the shares it tries, with words of all kinds (`keep_meaning=False`).

    Args:
        probability: of each word to be left out, in [0, 1].
        keep_meaning: whether the words that decide stay.

    Raises:
        ValueError: if the probability is not in [0, 1].

    Example:

    >>> example = {"prompts": tf.constant(["the red cup on the left", "cup"])}
    >>> WordDropout(1.0)(example, tf.constant([1, 2], "int64"))["prompts"].numpy().tolist()
    [b'red on left', b'cup']
    """

    probability: float = 0.15
    keep_meaning: bool = True

    def __post_init__(self):
        check_probability(self.probability)

    def __call__(self, example, key):
        """Leave words out; `key` is the int64 `(2,)` seed of this example."""
        prompts = example[feature_keys.PROMPTS]
        places, words, shape = tf.raw_ops.StringSplitV2(input=prompts, sep="")
        prompt_of_word, num_prompts = places[:, 0], shape[0]
        draws = tf.random.stateless_uniform(tf.shape(words), key)
        stays = draws >= self.probability
        if self.keep_meaning:
            stays |= holds(words, MEANING)
        # where none would stay, the one with the largest draw does
        any_stays = tf.math.unsorted_segment_max(tf.cast(stays, tf.int32), prompt_of_word, num_prompts) > 0
        largest = tf.math.unsorted_segment_max(draws, prompt_of_word, num_prompts)
        stays |= ~tf.gather(any_stays, prompt_of_word) & (draws == tf.gather(largest, prompt_of_word))
        dropped = tf.math.unsorted_segment_sum(tf.cast(~stays, tf.int32), prompt_of_word, num_prompts)
        shorter = tf.strings.unsorted_segment_join(words[stays], prompt_of_word[stays], num_prompts, separator=" ")
        shorter = tf.ensure_shape(shorter, prompts.shape)
        return {**example, feature_keys.PROMPTS: tf.where(dropped > 0, shorter, prompts)}
