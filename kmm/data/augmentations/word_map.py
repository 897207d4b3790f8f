"""Exchanging words of a prompt for others, inside the TensorFlow graph."""

import tensorflow as tf

CUT = "\x01"
"""Set inside a word by a mark, hides it: nothing is exchanged there."""

_CONTROL = r"[\x01-\x08]"
_WORDS = r"([\pL\pM\pN_\x02-\x08]+)"


class WordMap:
    """Exchanges whole words, in lower case, Capitalised or UPPER case, and says where that is not certain.

    A word is a run of letters, digits and underscores: "left" is exchanged in "bottom-left", never in "leftover". The
    work does not grow with the number of words in the map.

    Args:
        words: lower-case word -> the word instead; `None` for a word without counterpart, so that a prompt with it is
            not sure. So is one with a word in other letter cases ("lEFT").
        marks: pairs of a regular expression (RE2) and what replaces its matches, applied in order before words are
            looked up. A character from "\\x02" to "\\x08" makes a word another one (such as "top\\x02" for a top that
            is surely a place); `CUT` inside a word hides it. Prompts that hold these characters themselves, or keep one
            because `words` lacks the marked word, are not sure.
        unsure: regular expression; a marked prompt that holds a match is not sure.
        unsure_alone: regular expression; a marked prompt that holds a match and no word to exchange is not sure.

    Call arguments:
        prompts: strings `(num_prompts,)`.

    Output shape:
        strings `(num_prompts,)`, the old ones where not sure, and bool `(num_prompts,)`: whether each is sure.

    Example:

    >>> words = WordMap({"left": "right", "right": "left", "lft": None})
    >>> prompts, sure = words(tf.constant(["the Left-hand leftover", "the lft"]))
    >>> prompts.numpy().tolist(), sure.numpy().tolist()
    ([b'the Right-hand leftover', b'the lft'], [True, False])
    """

    def __init__(self, words, marks=(), unsure=None, unsure_alone=None):
        self.words, self.marks = dict(words), tuple(marks)
        self.unsure, self.unsure_alone = unsure, unsure_alone
        self._tables = None

    def __call__(self, prompts):
        """New prompts, and whether each is sure; see the class."""
        others, known = self._lookup_tables()
        marked = prompts
        for pattern, rewrite in self.marks:
            marked = tf.strings.regex_replace(marked, pattern, rewrite)
        pieces = tf.strings.regex_replace(marked, _WORDS, rf"{CUT}\1{CUT}")
        places, pieces, shape = tf.raw_ops.StringSplitV2(input=pieces, sep=CUT)  # pieces of all prompts, (num_pieces,)
        exchanged = others.lookup(pieces)
        found = exchanged != ""
        wrong = ~found & known.lookup(tf.strings.lower(pieces))
        counts = tf.math.unsorted_segment_sum(
            tf.cast(tf.stack([found, wrong], axis=-1), tf.int32), places[:, 0], shape[0]
        )
        joined = tf.strings.unsorted_segment_join(tf.where(found, exchanged, pieces), places[:, 0], shape[0])
        joined = tf.ensure_shape(joined, prompts.shape)
        sure = (counts[:, 1] == 0) & ~holds(tf.strings.join([prompts, joined]), _CONTROL)
        if self.unsure:
            sure &= ~holds(marked, self.unsure)
        if self.unsure_alone:
            sure &= (counts[:, 0] > 0) | ~holds(marked, self.unsure_alone)
        return tf.where(sure, joined, prompts), sure

    def texts(self, prompts):
        """The new prompts alone, strings of any shape."""
        return tf.reshape(self(tf.reshape(prompts, [-1]))[0], tf.shape(prompts))

    def _lookup_tables(self):
        """Word in each letter case -> the word instead, and lower-case word -> whether the map knows it."""
        if self._tables is None:
            cases = (str.lower, str.capitalize, str.upper)
            others = {case(old): case(new) for old, new in self.words.items() if new for case in cases}
            with tf.init_scope():
                self._tables = (
                    _table(list(others), list(others.values()), ""),
                    _table(list(self.words), [True] * len(self.words), False),
                )
        return self._tables


def holds(prompts, pattern):
    """Which prompts hold a match of a regular expression (RE2), whatever the letter case: bool `(num_prompts,)`.

    >>> holds(tf.constant(["The Left cup", "leftover"]), any_word("left", "right")).numpy().tolist()
    [True, False]
    """
    return tf.strings.regex_full_match(prompts, rf"(?is)\C*(?:{pattern})\C*")


def any_word(*patterns):
    """The regular expression of any of the words, as a whole."""
    return rf"\b(?:{'|'.join(patterns)})\b"


def _table(keys, values, default):
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default)
