"""Turning raw prompts into the word pieces that BERT and its kin read."""

import collections

import keras
import tensorflow as tf

from kmm import feature_keys
from kmm.preprocessing.clean_prompts import clean_prompts, string_tensor

PADDING, UNKNOWN, START, END = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_ADAPT_BATCH_SIZE = 1024


@keras.saving.register_keras_serializable(package="kmm")
class WordPieceTokenizer:
    """Turns raw prompts into `token_ids` and `padding_mask`, one id per word piece, between `[CLS]` and `[SEP]`.

    Use it with `kmm.encoders.KerasHubTextEncoder`, and with the vocabulary of the weights where they are pretrained.
    The pieces are those of keras-hub's tokenizer: a word outside the vocabulary falls into its longest known parts, so
    that `trucks` may be read as `truck` and `##s`; punctuation marks are words. The result is the same in a `tf.data`
    pipeline, eagerly and inside an exported model. Any bytes are legal: damaged UTF-8 and control characters count as
    spaces, and only the first 4,096 bytes of a prompt are read. A prompt without words is all padding; pieces that do
    not fit are dropped before `[SEP]`.

    Needs `pip install "kmm[kerashub]"`, which brings tensorflow-text; so does a server that runs an export of it.
    The vocabulary travels inside the configuration, and so inside saved models, never as a path to a file.

    Reference: Schuster and Nakajima, "Japanese and Korean voice search", 2012; Devlin et al., "BERT", 2019.

    Args:
        vocabulary: the pieces in the order of their ids, among them `[PAD]`, `[UNK]`, `[CLS]` and `[SEP]`; pieces
            inside a word begin with `##`.
        sequence_length: number of ids for each prompt, `[CLS]` and `[SEP]` included.
        lowercase: whether upper case counts as lower case, as in "uncased" weights.
        strip_accents: whether accents are dropped.

    Call arguments:
        prompts: strings of shape `(...)`, any rank.

    Output shape:
        `{"token_ids": (..., sequence_length) int32, "padding_mask": (..., sequence_length) bool}`, `True` at pieces,
        `[CLS]` and `[SEP]`.

    Raises:
        ImportError: keras-hub or tensorflow-text is missing.
        TypeError: `vocabulary` is no list of strings, or the prompts are no strings.
        ValueError: a special piece is missing, a piece is empty or repeated, or `sequence_length` is below 3.

    Example:

    >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "car", "##s"]
    >>> tokens = WordPieceTokenizer(pieces, sequence_length=6)(["Red cars", ""])
    >>> tuple(tokens["token_ids"].shape)
    (2, 6)
    >>> tokens["token_ids"].numpy().tolist()
    [[2, 4, 5, 6, 3, 0], [0, 0, 0, 0, 0, 0]]
    """

    output_keys = (feature_keys.TOKEN_IDS, feature_keys.PADDING_MASK)

    def __init__(self, vocabulary, sequence_length=24, lowercase=True, strip_accents=False):
        self.vocabulary = _checked_vocabulary(vocabulary)
        if isinstance(sequence_length, bool) or not isinstance(sequence_length, int) or sequence_length < 3:
            raise ValueError(
                "sequence_length must be a whole number of at least 3, for [CLS], a piece and [SEP]. "
                f"Received: sequence_length={sequence_length!r}. Take 2 more than the pieces of the longest prompt."
            )
        self.sequence_length, self.lowercase, self.strip_accents = sequence_length, lowercase, strip_accents
        self._padding, self._start, self._end = (self.vocabulary.index(piece) for piece in (PADDING, START, END))
        tokenizer_class = _keras_hub().tokenizers.WordPieceTokenizer
        with tf.init_scope():
            pieces = tokenizer_class(list(self.vocabulary), lowercase=lowercase, strip_accents=strip_accents)
        # keras-hub runs other code, in Python, outside of a graph
        self._pieces = tf.function(pieces.tokenize, input_signature=[tf.TensorSpec([None], "string")], autograph=False)

    @classmethod
    def adapt(cls, prompts, sequence_length=24, max_vocabulary_size=8_000, lowercase=True, strip_accents=False):
        """Learns the pieces of which `prompts` are made.

        Args:
            prompts: iterable of strings, `str` or `bytes`.
            sequence_length, lowercase, strip_accents: as for the class.
            max_vocabulary_size: upper limit of `vocabulary_size`.

        Returns:
            a `WordPieceTokenizer`.

        Example:

        >>> WordPieceTokenizer.adapt(["red car", "red cars"], sequence_length=8).vocabulary[:5]
        ('[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a')
        """
        if isinstance(prompts, (str, bytes)):
            raise TypeError(f"prompts must be an iterable of strings. Received: prompts={prompts!r}. Put it in a list.")
        prompts = clean_prompts(string_tensor(list(prompts)))
        if not tf.size(prompts) or not tf.reduce_any(tf.strings.regex_full_match(prompts, r"(?s).*\S.*")):
            raise ValueError("prompts must hold at least one word. Received: no words. Check the data set's prompts.")
        vocabulary = _keras_hub().tokenizers.compute_word_piece_vocabulary(
            tf.data.Dataset.from_tensor_slices(prompts).batch(_ADAPT_BATCH_SIZE),
            max_vocabulary_size,
            lowercase=lowercase,
            strip_accents=strip_accents,
            reserved_tokens=list(SPECIAL),
        )
        return cls(vocabulary, sequence_length, lowercase, strip_accents)

    @property
    def vocabulary_size(self):
        """Number of ids."""
        return len(self.vocabulary)

    @property
    def trackables(self):
        """What an export must track for a graph that calls this tokenizer: nothing, the pieces are constants."""
        return ()

    def __call__(self, prompts):
        """Token ids and padding mask of prompts of any shape; see the class."""
        prompts = string_tensor(prompts)
        pieces = self._pieces(clean_prompts(tf.reshape(prompts, [-1])))[:, : self.sequence_length - 2]
        ends = [
            tf.fill([pieces.nrows(), 1], tf.constant(token_id, pieces.dtype)) for token_id in (self._start, self._end)
        ]
        token_ids = tf.concat([ends[0], pieces, ends[1]], axis=1)
        lengths = tf.where(pieces.row_lengths() > 0, token_ids.row_lengths(), 0)
        token_ids = token_ids.to_tensor(self._padding, shape=(None, self.sequence_length))
        padding_mask = tf.sequence_mask(lengths, self.sequence_length)
        token_ids = tf.where(padding_mask, token_ids, self._padding)
        tokens = {feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: padding_mask}
        shape, static = tf.shape(prompts), prompts.shape.concatenate([self.sequence_length])
        shape = tf.concat([shape, [self.sequence_length]], 0)
        return {key: tf.ensure_shape(tf.reshape(value, shape), static) for key, value in tokens.items()}

    def get_config(self):
        """The pieces and the options, all there is to know."""
        return {
            "vocabulary": list(self.vocabulary),
            "sequence_length": self.sequence_length,
            "lowercase": self.lowercase,
            "strip_accents": self.strip_accents,
        }

    @classmethod
    def from_config(cls, config):
        """The tokenizer of a configuration."""
        return cls(**config)

    def __reduce__(self):
        # A compiled function can be neither copied nor pickled; the configuration holds all there is to know.
        return type(self).from_config, (self.get_config(),)


def _checked_vocabulary(vocabulary):
    vocabulary = vocabulary if isinstance(vocabulary, (str, bytes)) else tuple(vocabulary)
    if isinstance(vocabulary, (str, bytes)) or not all(isinstance(piece, str) for piece in vocabulary):
        raise TypeError(
            f"vocabulary must be a list of strings. Received: vocabulary={repr(vocabulary)[:100]}. Read the lines of "
            "vocab.txt, or learn one with WordPieceTokenizer.adapt(prompts)."
        )
    missing = [piece for piece in SPECIAL if piece not in vocabulary]
    if missing:
        raise ValueError(
            f"vocabulary must hold {list(SPECIAL)}. Received: none of {missing}. Add them where the weights expect "
            "them, or learn a vocabulary with WordPieceTokenizer.adapt(prompts)."
        )
    wrong = [piece for piece, count in collections.Counter(vocabulary).items() if count > 1 or not piece]
    if wrong:
        raise ValueError(
            f"vocabulary must not repeat pieces or hold empty ones. Received: {repr(wrong)[:100]}. Drop them."
        )
    return vocabulary


def _keras_hub():
    try:
        import keras_hub
        import tensorflow_text  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Word pieces need keras-hub and tensorflow-text. Install them: pip install "kmm[kerashub]".'
        ) from error
    return keras_hub
