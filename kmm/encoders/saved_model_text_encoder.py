"""Sentence and word vectors from a SavedModel."""

import keras
from keras import ops

from kmm import feature_keys
from kmm.layers import FoldPrompts, SavedModelLayer
from kmm.layers.split_words import SplitWords
from kmm.utils.functional_model import FunctionalModel

SEGMENT_IDS = "segment_ids"
BERT_INPUTS = {
    feature_keys.TOKEN_IDS: "input_word_ids",
    feature_keys.PADDING_MASK: "input_mask",
    SEGMENT_IDS: "input_type_ids",
}
SEQUENCE_NAMES, POOLED_NAMES = ("sequence_output",), ("pooled_output", "default")


@keras.saving.register_keras_serializable(package="kmm")
class SavedModelTextEncoder(FunctionalModel):
    """A text module from TF-Hub, or any reusable SavedModel of words, that fine-tunes.

    Modules of strings, such as nnlm and the Universal Sentence Encoder, read the prompts themselves: give the model
    `prompt_tokenizer=kmm.preprocessing.RawPrompts()`. Their vector of the whole prompt is `pooled`; for a sequence the
    module is asked for each word alone, up to `sequence_length`, or else the whole prompt is the only step. A module
    that gives a vector for each word of a string gives the sequence itself; steps of zeros count as padding. Modules of
    token ids, such as BERT, are told by `token_inputs`, and take a tokenizer with their vocabulary, such as
    `kmm.preprocessing.WordPieceTokenizer`; all steps are one segment. What needs tensorflow-text needs
    `pip install "kmm[text]"`.

    Prompts without words give zeros. See `kmm.layers.SavedModelLayer` for how the module trains, is saved and is loaded
    (`safe_mode=False`).

    Args:
        source: the folder of a SavedModel, a handle "https://..." that tensorflow_hub resolves, what
            `tf.saved_model.load` returned, or a `kmm.layers.SavedModelLayer`.
        sequence_length: of a module of strings, how many words are asked for alone, `None` for none; of a module of
            token ids, the length that it was made for, `None` for any.
        token_inputs: `None` for a module of strings; else a dict with the module's names for `token_ids`,
            `padding_mask` and, where it has them, `segment_ids`. BERT's is `{"token_ids": "input_word_ids",
            "padding_mask": "input_mask", "segment_ids": "input_type_ids"}`.
        sequence_output, pooled_output: of a module that gives several outputs, the names of the steps' vectors and of
            the whole prompt's; `None` takes "sequence_output", and "pooled_output" or "default".
        vocabulary_size: of a module of token ids, how many ids the tokenizer gives; the module must know them all.
        arguments: further arguments of the module's call, by name.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: a dict of `prompts`, strings `(batch,)`, or, with `token_inputs`, of `token_ids` int `(batch, length)`
            and `padding_mask` bool `(batch, length)`, `True` at real tokens.

    Output shape:
        A dict: `sequence` `(batch, length, dim)`, `pooled` `(batch, dim)` (where the module gives none, the mean of the
        real steps) and `padding_mask` `(batch, length)`.

    Raises:
        TypeError, FileNotFoundError, ImportError, ConnectionError: if the source does not lead to a SavedModel.
        ValueError: if the module does not take such inputs, gives no vectors, or knows fewer token ids.

    Example:

    >>> import kmm, numpy as np, tensorflow as tf
    >>> module = tf.train.Checkpoint(vectors=tf.Variable(tf.random.normal((10, 4))))
    >>> module.variables = module.trainable_variables = [module.vectors]
    >>> module.__call__ = tf.function(
    ...     lambda text: tf.gather(module.vectors, tf.strings.to_hash_bucket_fast(text, 10)),
    ...     input_signature=[tf.TensorSpec((None,), "string")],
    ... )
    >>> encoder = kmm.encoders.SavedModelTextEncoder(module, sequence_length=5)
    >>> outputs = encoder({"prompts": tf.constant(["the red car", "a dog"])})
    >>> tuple(outputs["sequence"].shape), tuple(outputs["pooled"].shape)
    ((2, 5, 4), (2, 4))
    """

    def __init__(
        self,
        source,
        sequence_length=None,
        token_inputs=None,
        sequence_output=None,
        pooled_output=None,
        vocabulary_size=None,
        arguments=None,
        dtype=None,
        **kwargs,
    ):
        _check(sequence_length, token_inputs)

        # parts
        backbone = _make_backbone(source, arguments, dtype, kwargs.get("trainable", True))

        # graph
        names = {"sequence": sequence_output, "pooled": pooled_output}
        if token_inputs is None:
            inputs, sequence, pooled, mask = _read_strings(backbone, sequence_length, names, dtype)
        else:
            inputs, sequence, pooled, mask = _read_tokens(backbone, sequence_length, names, token_inputs)
        compute_dtype = keras.dtype_policies.get(dtype).compute_dtype
        sequence, pooled = ops.cast(sequence, compute_dtype), ops.cast(pooled, compute_dtype)
        real = ops.cast(mask, compute_dtype)
        super().__init__(
            inputs=inputs,
            outputs={
                feature_keys.SEQUENCE: sequence * real[:, :, None],
                feature_keys.POOLED: pooled * ops.max(real, axis=1, keepdims=True),
                feature_keys.PADDING_MASK: mask,
            },
            dtype=dtype,
            **kwargs,
        )

        # config
        self.backbone = backbone
        self.sequence_length, self.token_inputs = sequence_length, token_inputs and dict(token_inputs)
        self.sequence_output, self.pooled_output = sequence_output, pooled_output
        self.vocabulary_size, self.arguments = vocabulary_size, dict(backbone.arguments)
        if token_inputs is not None and backbone is not source:
            _check_vocabulary(self)

    @property
    def max_sequence_length(self):
        """The most steps that a module of token ids can read; `None` for any."""
        return self.sequence_length if self.token_inputs else None

    def get_config(self):
        """The constructor's arguments, the SavedModel as a layer."""
        return {
            **super().get_config(),
            "source": keras.saving.serialize_keras_object(self.backbone),
            "sequence_length": self.sequence_length,
            "token_inputs": self.token_inputs and dict(self.token_inputs),
            "sequence_output": self.sequence_output,
            "pooled_output": self.pooled_output,
            "vocabulary_size": self.vocabulary_size,
            "arguments": dict(self.arguments),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the layer, then the model."""
        # Inside a loading function its own safe mode counts, not this one.
        revived = keras.saving.deserialize_keras_object(config["source"], custom_objects, safe_mode=False)
        return super().from_config({**config, "source": revived})


def _read_strings(backbone, length, names, dtype):
    """Inputs, sequence, pooled vector and padding mask of a module of strings."""
    prompts = keras.Input((), name=feature_keys.PROMPTS, dtype="string")
    words, mask = SplitWords(length or 1, name="split_words", dtype=dtype)(prompts)
    sequence, pooled = _outputs(_ask(backbone, prompts), names)
    if sequence is not None and length is not None:
        raise ValueError(
            "The module gives a vector for each word itself. Received: sequence_length="
            f"{length}, with an output {tuple(sequence.shape)} for the whole prompt. Leave sequence_length out."
        )
    if sequence is not None:
        mask = ops.logical_and(ops.any(ops.not_equal(sequence, 0), axis=-1), mask)
    elif length is None:
        sequence = pooled[:, None, :]
    else:
        _, vectors = _outputs(_ask(backbone, FoldPrompts(name="fold_words", dtype="string")(words)), names)
        sequence = ops.reshape(vectors, (-1, length, vectors.shape[-1]))  # (batch, length, dim)
    return {feature_keys.PROMPTS: prompts}, sequence, _mean(sequence, mask) if pooled is None else pooled, mask


def _read_tokens(backbone, length, names, token_inputs):
    """Inputs, sequence, pooled vector and padding mask of a module of token ids."""
    token_ids = keras.Input((length,), name=feature_keys.TOKEN_IDS, dtype="int32")
    mask = keras.Input((length,), name=feature_keys.PADDING_MASK, dtype="bool")
    inputs = {feature_keys.TOKEN_IDS: token_ids, feature_keys.PADDING_MASK: mask}
    given = {**inputs, feature_keys.PADDING_MASK: ops.cast(mask, "int32"), SEGMENT_IDS: ops.zeros_like(token_ids)}
    sequence, pooled = _outputs(_ask(backbone, {name: given[key] for key, name in token_inputs.items()}), names)
    if sequence is None:
        return inputs, pooled[:, None, :], pooled, ops.any(mask, axis=1, keepdims=True)
    return inputs, sequence, _mean(sequence, mask) if pooled is None else pooled, mask


def _ask(backbone, inputs):
    try:
        backbone.compute_output_spec(inputs)  # whose errors Keras leaves readable
    except ValueError as error:
        raise ValueError(
            f"{error} For a module of token ids, give its names of the inputs, such as token_inputs={BERT_INPUTS}; for "
            "one of fixed length give sequence_length too."
        ) from error
    return backbone(inputs)


def _outputs(outputs, names):
    """The steps' vectors and the whole prompt's among a module's outputs, `None` for what there is not."""
    if not isinstance(outputs, (dict, list, tuple)):
        outputs = {(SEQUENCE_NAMES if len(outputs.shape) == 3 else POOLED_NAMES)[0]: outputs}
    outputs = {"/".join(map(str, path)): output for path, output in keras.tree.flatten_with_path(outputs)}
    found = {}
    for key, rank, usual in (("sequence", 3, SEQUENCE_NAMES), ("pooled", 2, POOLED_NAMES)):
        tried = usual if names[key] is None else (names[key],)
        fitting = [name for name in tried if name in outputs and len(outputs[name].shape) == rank]
        found[key] = outputs[fitting[0]] if fitting else None
        if names[key] is not None and not fitting:
            raise ValueError(
                f"{key}_output must name an output of rank {rank}. Received: {key}_output={names[key]!r}. "
                f"The module gives {_shapes(outputs)}."
            )
    if found["sequence"] is None and found["pooled"] is None:
        raise ValueError(
            "The module must give vectors, (batch, dim) or (batch, length, dim). Received: a module that gives "
            f"{_shapes(outputs)}. Name one of them: sequence_output=... or pooled_output=..."
        )
    return found["sequence"], found["pooled"]


def _shapes(outputs):
    return {name: tuple(output.shape) for name, output in outputs.items()}


def _mean(sequence, mask):
    """The mean of the real steps; of none, zeros."""
    real = ops.cast(mask, sequence.dtype)[:, :, None]  # (batch, length, 1)
    return ops.sum(sequence * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)


def _make_backbone(source, arguments, dtype, trainable):
    if not isinstance(source, SavedModelLayer):
        return SavedModelLayer(source, arguments=arguments, name="backbone", dtype=dtype, trainable=trainable)
    if arguments is not None and dict(arguments) != source.arguments:
        raise ValueError(
            "A SavedModelLayer brings its own arguments of the call. "
            f"Received: arguments={arguments}, source.arguments={source.arguments}. Give them to the layer alone."
        )
    return source


def _check(sequence_length, token_inputs):
    if sequence_length is not None and sequence_length < 1:
        raise ValueError(
            f"sequence_length must be at least 1. Received: sequence_length={sequence_length}. Leave it out, or give "
            "the number of words in the longest prompt."
        )
    needed = {feature_keys.TOKEN_IDS, feature_keys.PADDING_MASK}
    if token_inputs is not None and not needed <= set(token_inputs) <= needed | {SEGMENT_IDS}:
        raise ValueError(
            f"token_inputs must name the module's inputs for {sorted(needed)}, and perhaps for {SEGMENT_IDS!r}. "
            f"Received: token_inputs={token_inputs}. BERT's are {BERT_INPUTS}."
        )


def _check_vocabulary(encoder):
    """Ask for the last of the token ids."""
    if encoder.vocabulary_size is None:
        return
    tokens = {
        key: ops.full((1, encoder.sequence_length or 4), value, dtype)
        for key, value, dtype in (
            (feature_keys.TOKEN_IDS, encoder.vocabulary_size - 1, "int32"),
            (feature_keys.PADDING_MASK, True, "bool"),
        )
    }
    try:
        encoder(tokens)
    except Exception as error:
        raise ValueError(
            "The module must know every id that the tokenizer gives. Received: vocabulary_size="
            f"{encoder.vocabulary_size} ({str(error).splitlines()[0]}). Use the tokenizer and the vocabulary that the "
            "module was made with."
        ) from error
