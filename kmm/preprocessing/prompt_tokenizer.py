"""Turning raw prompts into token ids, inside the TensorFlow graph."""

import collections
import itertools

import keras
import tensorflow as tf

from kmm import feature_keys
from kmm.preprocessing.clean_prompts import clean_prompts, string_tensor

PADDING_ID = 0
UNKNOWN_ID = 1
_NUM_SPECIAL_IDS = 2
_ADAPT_BATCH_SIZE = 1024


@keras.saving.register_keras_serializable(package="kmm")
class PromptTokenizer:
    """Turns raw prompts into `token_ids` and `padding_mask`, one id per word.

    Use it in a `tf.data` pipeline, eagerly, and inside an exported model: the result is the same in all three, as
    everything happens in TensorFlow ops. Any bytes are legal. Damaged UTF-8 and control characters count as spaces,
    upper case as lower case, and punctuation, symbols and emoji separate words; hyphens and apostrophes stay inside
    a word (`t-shirt`, `car's`). Words outside the vocabulary become id 1, padding is id 0, and an empty prompt is all
    padding. Only the first 4,096 bytes of a prompt are read, and words after the first `sequence_length` are dropped.

    The vocabulary travels inside the configuration, and so inside saved models, never as a path to a file.

    Args:
        vocabulary: the known words, normalised and without repetition; word `i` gets the id `i + 2`.
        sequence_length: number of ids for each prompt.

    Call arguments:
        prompts: strings of shape `(...)`, any rank.

    Output shape:
        `{"token_ids": (..., sequence_length) int32, "padding_mask": (..., sequence_length) bool}`, `True` at words.

    Raises:
        TypeError: `vocabulary` is no list of strings, or the prompts are no strings.
        ValueError: a word is empty, repeated or never produced by the normalisation; `sequence_length` is below 1.

    Example:

    >>> tokenizer = PromptTokenizer(["red", "car"], sequence_length=4)
    >>> tokens = tokenizer(["The red car!", ""])
    >>> tuple(tokens["token_ids"].shape)
    (2, 4)
    >>> tokens["token_ids"].numpy().tolist()
    [[1, 2, 3, 0], [0, 0, 0, 0]]
    """

    output_keys = (feature_keys.TOKEN_IDS, feature_keys.PADDING_MASK)

    def __init__(self, vocabulary, sequence_length=16):
        vocabulary = vocabulary if isinstance(vocabulary, (str, bytes)) else tuple(vocabulary)
        if isinstance(vocabulary, (str, bytes)) or not all(isinstance(word, str) for word in vocabulary):
            raise TypeError(
                f"vocabulary must be a list of strings. Received: vocabulary={_shorten(vocabulary)}. "
                "Learn one with PromptTokenizer.adapt(prompts)."
            )
        if isinstance(sequence_length, bool) or not isinstance(sequence_length, int) or sequence_length < 1:
            raise ValueError(
                f"sequence_length must be a whole number of at least 1. Received: sequence_length={sequence_length!r}. "
                "Take the number of words in the longest prompt."
            )
        self.vocabulary = vocabulary
        self.sequence_length = sequence_length
        self._check_words()
        with tf.init_scope():
            ids = [PADDING_ID, *range(_NUM_SPECIAL_IDS, self.vocabulary_size)]
            words = tf.lookup.KeyValueTensorInitializer(["", *self.vocabulary], ids, tf.string, tf.int32)
            self._table = tf.lookup.StaticHashTable(words, default_value=UNKNOWN_ID)

    def _check_words(self):
        if not self.vocabulary:
            raise ValueError(
                "vocabulary must hold at least one word. Received: vocabulary=[]. "
                "Learn one with PromptTokenizer.adapt(prompts)."
            )
        repeated = [word for word, count in collections.Counter(self.vocabulary).items() if count > 1]
        if repeated:
            raise ValueError(
                f"vocabulary must not repeat words. Received twice: {_shorten(repeated)}. Remove the repetitions."
            )
        with tf.init_scope():
            normalized = _normalize(string_tensor(list(self.vocabulary))).numpy()
        for word, expected in zip(self.vocabulary, normalized, strict=True):
            expected = expected.decode("utf-8")
            if word != expected or len(expected.split()) != 1:
                raise ValueError(
                    "Every word of the vocabulary must be one non-empty word in the form that prompts are brought to, "
                    f"or no prompt would ever match it. Received: {word!r}, which becomes {expected!r}. "
                    "Remove it or write it in that form, or learn the words with PromptTokenizer.adapt(prompts)."
                )

    @classmethod
    def adapt(cls, prompts, sequence_length=16, max_vocabulary_size=10_000):
        """Learns the vocabulary of `prompts`: the most frequent words first, ties in alphabetical order.

        Args:
            prompts: iterable of strings, `str` or `bytes`.
            sequence_length: number of ids for each prompt.
            max_vocabulary_size: upper limit of `vocabulary_size`, the two special ids included.

        Returns:
            a `PromptTokenizer`.

        Example:

        >>> PromptTokenizer.adapt(["red car", "Blue car"]).vocabulary
        ('car', 'blue', 'red')
        """
        if isinstance(prompts, (str, bytes)):
            raise TypeError(f"prompts must be an iterable of strings. Received: prompts={prompts!r}. Put it in a list.")
        if max_vocabulary_size <= _NUM_SPECIAL_IDS:
            raise ValueError(
                "max_vocabulary_size must leave room for a word beside padding and unknown. "
                f"Received: max_vocabulary_size={max_vocabulary_size}. Take at least 3."
            )
        counts = collections.Counter()
        prompts = iter(prompts)
        while batch := list(itertools.islice(prompts, _ADAPT_BATCH_SIZE)):
            for prompt in _normalize(string_tensor(batch)).numpy():
                counts.update(prompt.decode("utf-8").split())
        if not counts:
            raise ValueError("prompts must hold at least one word. Received: no words. Check the data set's prompts.")
        words = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(words[: max_vocabulary_size - _NUM_SPECIAL_IDS], sequence_length)

    @property
    def vocabulary_size(self):
        """Number of ids: the words, padding and unknown."""
        return len(self.vocabulary) + _NUM_SPECIAL_IDS

    @property
    def trackables(self):
        """What a `tf.Module` or an export must track for a graph that calls this tokenizer."""
        return (self._table,)

    def __call__(self, prompts):
        """Token ids and padding mask of prompts of any shape; see the class."""
        prompts = string_tensor(prompts)
        words = tf.strings.split(_normalize(tf.reshape(prompts, [-1])))
        words = words.to_tensor(default_value="", shape=(None, self.sequence_length))
        token_ids = tf.reshape(self._table.lookup(words), tf.concat([tf.shape(prompts), [self.sequence_length]], 0))
        token_ids = tf.ensure_shape(token_ids, prompts.shape.concatenate([self.sequence_length]))
        return {feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: token_ids != PADDING_ID}

    def decode(self, token_ids):
        """The words behind token ids, for readers: padding is left out and unknown words read `[unknown]`.

        Args:
            token_ids: whole numbers of shape `(..., sequence_length)`.

        Returns:
            one string, or nested lists of them for more than one prompt.

        Example:

        >>> PromptTokenizer(["red", "car"]).decode([1, 2, 3, 0])
        '[unknown] red car'
        """
        token_ids = keras.ops.convert_to_numpy(token_ids).tolist()
        return self._decode(token_ids)

    def _decode(self, token_ids):
        if token_ids and isinstance(token_ids[0], list):
            return [self._decode(row) for row in token_ids]
        wrong = [token_id for token_id in token_ids if not 0 <= token_id < self.vocabulary_size]
        if wrong:
            raise ValueError(
                f"token_ids must lie between 0 and {self.vocabulary_size - 1}. Received: {_shorten(wrong)}. "
                "Decode them with the tokenizer that made them."
            )
        words = ("", "[unknown]", *self.vocabulary)
        return " ".join(words[token_id] for token_id in token_ids if token_id != PADDING_ID)

    def get_config(self):
        """The words and the length, all there is to know."""
        return {"vocabulary": list(self.vocabulary), "sequence_length": self.sequence_length}

    @classmethod
    def from_config(cls, config):
        """The tokenizer of a configuration."""
        return cls(**config)

    def __reduce__(self):
        # A lookup table can be neither copied nor pickled; the configuration holds all there is to know.
        return type(self).from_config, (self.get_config(),)


def _normalize(prompts):
    """Brings strings of any bytes to lower-case words separated by spaces."""
    prompts = tf.strings.lower(clean_prompts(prompts), encoding="utf-8")
    prompts = tf.strings.regex_replace(prompts, "[\u2018\u2019]", "'")
    prompts = tf.strings.regex_replace(prompts, r"[^\p{L}\p{M}\p{N}'-]+", " ")
    prompts = tf.strings.regex_replace(prompts, r"(^|\s)['-]+", " ")
    prompts = tf.strings.regex_replace(prompts, r"['-]+(\s|$)", " ")
    return tf.strings.strip(prompts)


def _shorten(value, max_length=100):
    text = repr(value)
    return text if len(text) <= max_length else f"{text[:max_length]}..."
