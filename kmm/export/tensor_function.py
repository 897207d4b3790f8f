"""A model as a function of tensors that other formats can hold."""

import contextlib

import keras
import tensorflow as tf

from kmm import feature_keys
from kmm.export.model_facts import check_names, other_outputs
from kmm.preprocessing.mask_outputs import segmentation_logits

LOGITS = "logits"
"""The name of the masks' logits among the outputs."""

_WORDS = (feature_keys.TOKEN_IDS, feature_keys.PADDING_MASK)


def tensor_function(model, sequence_length=None):
    """A function from tensors to logits, without strings, loops over words, or booleans at its borders.

    Recurrent layers are unrolled over `sequence_length` steps, since few runtimes know a loop over a masked sequence.

    Args:
        model: a functional model with a dict of inputs, `images` among them.
        sequence_length: number of token ids for each prompt; `None` for a model without words.

    Returns:
        a `tf.function` of a dict with the model's inputs: `images` float32 `(batch, height, width, 3)` in [0, 255],
        `token_ids` int32 `(batch, sequence_length)`, `padding_mask` uint8 `(batch, sequence_length)`, 1 at real tokens,
        and what else the model takes. It gives a dict: `logits` float32 `(batch, height, width, channels)`, and further
        outputs by their names.

    Raises:
        ValueError: an input is a string, or its size is not known, or an output is named `logits`.

    Example:

    >>> images = keras.Input((16, 16, 3), name="images")
    >>> model = keras.Model({"images": images}, keras.layers.Conv2D(1, 1)(images))
    >>> tuple(tensor_function(model)({"images": tf.zeros((2, 16, 16, 3))})["logits"].shape)
    (2, 16, 16, 1)
    """
    specs = {tensor.name: _spec(tensor, sequence_length) for tensor in model.inputs}
    dtypes = {tensor.name: tensor.dtype for tensor in model.inputs}
    check_names(other_outputs(model.output), (LOGITS,))

    def answer(inputs):
        with _unrolled(model):
            outputs = model({name: tf.cast(value, dtypes[name]) for name, value in inputs.items()}, training=False)
        outputs = {LOGITS: segmentation_logits(outputs), **other_outputs(outputs)}
        return {name: tf.cast(output, "float32") for name, output in outputs.items()}

    return tf.function(answer, input_signature=[specs], autograph=False, jit_compile=False)


def _spec(tensor, sequence_length):
    sizes = (sequence_length,) if tensor.name in _WORDS else tensor.shape[1:]
    if tensor.dtype == "string" or None in sizes:
        raise ValueError(
            "Every input of an export in this format must be numbers of a known size. "
            f"Received: {tensor.name} of dtype {tensor.dtype} and shape {tuple(tensor.shape)}. "
            "Build the model for one size, or write a SavedModel with export_saved_model."
        )
    dtype = {"bool": "uint8"}.get(tensor.dtype, tensor.dtype)
    return tf.TensorSpec((None, *sizes), dtype, name=tensor.name)


@contextlib.contextmanager
def _unrolled(model):
    """Recurrent layers without loops, while tracing.

    Unrolled layers of Keras that read backwards zero the wrong steps, those where the mask would be padding if it were
    not reversed. The encoders of kmm zero padded steps themselves.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    before = [(layer.unroll, layer.zero_output_for_mask) for layer in layers]
    try:
        for layer in layers:
            layer.unroll = True
            layer.zero_output_for_mask = layer.zero_output_for_mask and not layer.go_backwards
        yield
    finally:
        for layer, (unroll, zero_output_for_mask) in zip(layers, before, strict=True):
            layer.unroll, layer.zero_output_for_mask = unroll, zero_output_for_mask
