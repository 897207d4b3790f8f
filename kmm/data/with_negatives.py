"""Asking for what is not there."""

import collections
import re

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.class_list import IRREGULAR
from kmm.data.example import Example
from kmm.data.reader import KINDS
from kmm.data.source_wrapper import (
    TRAIN,
    SourceWrapper,
    if_sources_have,
    map_examples,
    picture_rows,
    plain_sources,
    stream_key,
)
from kmm.feature_keys import IGNORE_VALUE

ABSENT = "absent"

NUM_CANDIDATES = 64
"""How many phrases are tried for each prompt that is to be replaced."""

NUM_BITS, OWN_BITS = 256, 192
"""Words of a phrase as bits: the most frequent words have one of their own, the others share the rest."""

_FUNCTION_WORDS = frozenset(
    """
    a about above across after against all almost along also am among an and another any are aren around as at away be
    been before being below beneath beside between beyond both but by can closer closest couple cut directly do does
    doesn don down each either else end every everything few for from front full had half has have having he her here
    him his how i if in inside into is isn it item its just kind last located location low lower lowest many me more
    most mostly much my near nearer nearest next no not of off on one ones only onto or other others our out outside
    over pair part partially place position same she slightly so some something than that the their them then there
    these they thing things this those through to together too toward towards under underneath up upper uppermost us
    very visible was wasn we were what when where which while who whole whom whose with within without would you your
    background behind bottom bottommost center centre central corner edge extreme far farther farthest foreground
    further furthest hand high higher highest left leftmost leftward leftwards lefthand middle opposite right rightmost
    rightward rightwards righthand side sides top topmost
    image images object objects photo photograph pic picture pictures scene screen
    two three four five six seven eight nine ten eleven twelve
    first second third fourth fifth sixth seventh eighth ninth tenth
    """.split()
)
_ATTRIBUTES = frozenset(
    """
    beige black blond blonde blue bright brown color colored colour coloured dark golden gray green grey light maroon
    navy orange pale pink purple red silver tan teal turquoise violet white yellow
    big bigger biggest huge large larger largest little long longer longest medium narrow new old older oldest short
    shorter shortest small smaller smallest tall taller tallest tiny wide wider widest young younger youngest
    crouching eating facing holding leaning looking lying playing running sitting smiling standing walking wearing
    """.split()
)
_PEOPLE = """
    adult batter boy boyfriend bro brother catcher child dad dude fella fellow female gal gentleman girl girlfriend guy
    human husband kid lady male man mom mother father pedestrian person pitcher player rider sister skater skier
    snowboarder someone somebody surfer teen teenager toddler umpire wife woman
    """.split()
_SINGULAR = {plural: singular for singular, plural in IRREGULAR.items()}


class WithNegatives(SourceWrapper):
    """A referring source in which some phrases name nothing that is in the picture: their masks are empty.

    A prompt is replaced by a phrase of another picture that shares no content word with any phrase of this one (see
    `content_words`), and that names more than a colour or a size. Its kind is "absent"; pixels of 255 stay so. Where
    nothing fits, as for a picture whose phrases hold nearly all words of the set, the prompt stays. People mention
    little of what they see, so a negative can be true of something that no phrase speaks of: prefer the negatives of
    the data set itself where it has any.

    Args:
        source: a referring `kmm.data.Source` with `all_prompts(split, index)`, which gives all phrases of a picture as
            pairs of text and kind. They are read once, when the wrapper is made, and kept in memory: the text and 32
            bytes for each.
        ratio: how many of the prompts are replaced, a share in [0, 1].
        seed: int, keys the draws together with split, epoch and index.
        splits: in which splits; the others stay as they are.

    Raises:
        TypeError: if the source cannot list its phrases.
        ValueError: if the source is not referring, the ratio is no share, a split does not exist, or no phrase of a
            split can serve, since all share a word with every picture's own ("the nuclei are dense").

    Example:

    >>> sorted(content_words("the two tall men on the left, next to a red car"))
    ['car', 'person', 'red', 'tall']
    >>> source = WithNegatives(RecordSource("data/ref_coco"), ratio=0.2)  # doctest: +SKIP
    """

    def __init__(self, source, ratio=0.2, seed=0, splits=(TRAIN,)):
        super().__init__(source)
        if self.task != "referring" or not 0 <= ratio <= 1:
            raise ValueError(
                "Negatives need a referring source and a ratio in [0, 1]. "
                f"Received: task={self.task!r}, ratio={ratio}. A semantic source has no phrases that could be absent."
            )
        self.ratio, self.seed, self.negative_splits = ratio, seed, tuple(splits)
        self._tables = {split: self._table(split) for split in self.negative_splits}

    def example(self, split, index, epoch=0, num_prompts=1):
        """The example `index` of the split with `num_prompts` texts drawn for this epoch, some of them absent."""
        example = super().example(split, index, epoch, num_prompts)
        if split not in self._tables:
            return example
        with tf.device("CPU"):
            drawn = self._draw(split, tf.constant(epoch, tf.int64), tf.constant(index, tf.int64), num_prompts)
        replaced, texts = (values.numpy() for values in drawn)
        prompts = (
            text.decode() if absent else own for absent, text, own in zip(replaced, texts, example.prompts, strict=True)
        )
        kinds = (ABSENT if absent else own for absent, own in zip(replaced, example.kinds, strict=True))
        masks = example.segmentation_masks
        masks = np.where(replaced[:, None, None] & (masks != IGNORE_VALUE), np.uint8(0), masks)
        return Example(example.image, tuple(prompts), masks, tuple(kinds))

    @if_sources_have("reader")
    def reader(self, split, num_prompts, crop=None, image_size=None):
        """See `kmm.data.reader.reader_of`."""
        read_inner = self.sources[0].reader(split, num_prompts, crop, image_size)
        if split not in self._tables:
            return read_inner

        def read(epoch, index, crop_key=None):
            parts = read_inner(epoch, index, crop_key)
            replaced, texts = self._draw(split, epoch, index, num_prompts)
            masks = parts[feature_keys.SEGMENTATION_MASKS]
            emptied = replaced[:, None, None] & (masks != IGNORE_VALUE)
            return {
                **parts,
                feature_keys.PROMPTS: tf.where(replaced, texts, parts[feature_keys.PROMPTS]),
                feature_keys.SEGMENTATION_MASKS: tf.where(emptied, tf.constant(0, masks.dtype), masks),
                KINDS: tf.where(replaced, ABSENT, parts[KINDS]),
            }

        return read

    def _draw(self, split, epoch, index, num_prompts):
        """Which prompts of an example are replaced, and by what."""
        texts, words, words_of_pictures, row = self._tables[split]
        position = epoch * 2**32 + index
        keys = [stream_key(("WithNegatives", self.seed, split, part), position) for part in ("which", "what")]
        wanted = tf.random.stateless_uniform((num_prompts,), keys[0]) < self.ratio
        candidates = tf.random.stateless_uniform(
            (num_prompts, NUM_CANDIDATES), keys[1], 0, tf.shape(texts)[0], tf.int32
        )
        of_picture = tf.gather(words_of_pictures, row(epoch, index))
        fits = tf.reduce_all(tf.bitwise.bitwise_and(tf.gather(words, candidates), of_picture) == 0, axis=-1)
        first = tf.argmax(tf.cast(fits, tf.int32), axis=-1)
        return wanted & tf.reduce_any(fits, axis=-1), tf.gather(texts, tf.gather(candidates, first, batch_dims=1))

    def _table(self, split):
        """The phrases that can be negatives and their words as bits, those of each picture, and where to find them."""
        phrases = []
        for source in plain_sources(self, split):
            if not hasattr(source, "all_prompts"):
                raise TypeError(
                    "Negatives need a source that lists the phrases of a picture with `all_prompts`, such as "
                    f"RecordSource. Received: {type(source).__name__}. Sources that make their phrases up make "
                    "negatives of their own."
                )
            listed = map_examples(
                lambda index, source=source: source.all_prompts(split, index), source.num_examples(split)
            )
            phrases += [[text for text, _ in of_picture] for of_picture in listed]
        texts = [text for of_picture in phrases for text in of_picture]
        usable = [number for number, text in enumerate(texts) if names_a_thing(text)]
        if not usable:
            raise ValueError(
                f"Negatives are made from phrases that name things. Received: {len(texts)} phrases in {split!r} of "
                f"{self.name}, none of which does. Leave the split out."
            )
        words = [content_words(text) for text in texts]
        bits = _word_bits(words)
        of_texts = np.stack([_union(bits, found) for found in words])
        owners = np.repeat(np.arange(len(phrases)), [len(of_picture) for of_picture in phrases])
        of_pictures = np.zeros((len(phrases), NUM_BITS // 64), np.int64)
        np.bitwise_or.at(of_pictures, owners, of_texts)
        fits = ((of_texts[usable] & picture) == 0 for picture in of_pictures[:: max(1, len(of_pictures) // 256)])
        if not any(of_picture.all(axis=1).any() for of_picture in fits):
            raise ValueError(
                f"A negative shares no word that names a thing with the picture's own phrases. Received: {len(texts)} "
                f"phrases in {split!r} of {self.name}, none of which suits any other picture. Leave the negatives out."
            )
        negatives = tf.constant([texts[number] for number in usable])
        return negatives, tf.constant(of_texts[usable]), tf.constant(of_pictures), picture_rows(self, split)


def content_words(text):
    """The words of an English phrase that say what it is about, as a set.

    Left out are articles, pronouns, prepositions and other function words, numbers, sides, and words such as "thing"
    and "picture". Words come without their last letters, so that singular and plural are the same; so are all words for
    people: "guy" may be someone else's "man".
    """
    words = (_stem(word) for word in _words(text))
    return frozenset(_SAME.get(word, word) for word in words)


def names_a_thing(text):
    """Whether a phrase holds a content word that is more than a colour, a size or a posture.

    >>> names_a_thing("the tall red one"), names_a_thing("the tall red cup")
    (False, True)
    """
    return any(word not in _ATTRIBUTES for word in _words(text))


def _words(text):
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return [word for word in words if len(word) > 1 and word not in _FUNCTION_WORDS]


def _stem(word):
    """What singular and plural have in common."""
    word = _SINGULAR.get(word, word)
    stem = word.rstrip("es") or word
    return stem[:-1] + "i" if stem.endswith("y") else stem


def _word_bits(word_sets):
    """For each word the numbers whose bits stand for it, the most frequent words first."""
    counts = collections.Counter(word for words in word_sets for word in sorted(words))
    bits = {}
    for rank, (word, _) in enumerate(counts.most_common()):
        bit = rank if rank < OWN_BITS else OWN_BITS + rank % (NUM_BITS - OWN_BITS)
        bits[word] = np.zeros(NUM_BITS // 64, np.uint64)
        bits[word][bit // 64] = np.uint64(1 << bit % 64)
    return {word: numbers.view(np.int64) for word, numbers in bits.items()}


def _union(bits, words):
    return np.bitwise_or.reduce([bits[word] for word in words] or [np.zeros(NUM_BITS // 64, np.int64)])


_SAME = {_stem(word): "person" for word in _PEOPLE} | {_stem("gray"): _stem("grey")}
