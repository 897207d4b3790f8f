"""A model as graph functions that all endpoints of an export share."""

import tensorflow as tf

from kmm import feature_keys
from kmm.export.model_facts import check_names, num_classes_of, other_outputs
from kmm.preprocessing.mask_outputs import segmentation_logits

FROM_WORDS = (feature_keys.TOKEN_IDS, feature_keys.PADDING_MASK, feature_keys.PROMPTS)
"""Inputs that a tokenizer gives."""

INPUTS = ("image_bytes", "prompt", "threshold", "audio_bytes")
OUTPUTS = ("logits", "mask", "score", "present", "mask_png_bytes", "num_classes", "status", "image_size")
"""Names of an export's own inputs and outputs."""


class ModelParts:
    """Traces a model once, in two steps where it can: encode a picture, then ask about it.

    Each step is one graph function. Endpoints call it, so that the graph of the model, and every weight, is stored
    once however many endpoints there are.

    Args:
        model: a `MultimodalModel`, or another functional model with `image_size` and the same names of inputs.
        tokenizer: the tokenizer of its words; `None` for a model without.

    Raises:
        ValueError: it gives no segmentation masks or more than 256 classes, has an input of unknown size, or an input
            or output of a name that the export needs itself.
    """

    def __init__(self, model, tokenizer):
        self.model, self.tokenizer = model, tokenizer
        self.image_size = tuple(model.image_size)
        self.num_classes = num_classes_of(model)
        check_names(other_outputs(model.output), OUTPUTS)
        self.in_two_steps = hasattr(model, "encode_image") and hasattr(model, "ask")
        encoded = model.encode_image.output if self.in_two_steps else {feature_keys.IMAGES: model.input["images"]}
        self.feature_specs = {
            name: tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype, name=name) for name, tensor in encoded.items()
        }
        self.shared_levels = self._find_shared_levels()
        check_names([tensor.name for tensor in model.inputs], INPUTS)
        self.context_specs = {
            tensor.name: _border_spec(tensor) for tensor in model.inputs if tensor.name != feature_keys.IMAGES
        }
        images = tf.TensorSpec((None, *self.image_size, 3), "float32", name=feature_keys.IMAGES)
        self._encode = _graph(self._call_encoder, [images])
        self._ask = _graph(self._call_rest, [*self.feature_specs.values(), *self.context_specs.values()])

    @property
    def other_specs(self):
        """The model's inputs beside pictures and words, such as sound."""
        return {name: spec for name, spec in self.context_specs.items() if name not in FROM_WORDS}

    @property
    def trackables(self):
        """The lookup tables, of the tokenizer and of the model's layers."""
        tables = [] if self.tokenizer is None else list(self.tokenizer.trackables)
        return tables + [table for layer in self.model._flatten_layers() for table in getattr(layer, "trackables", ())]

    def encode(self, images):
        """float32 pictures `(batch, height, width, 3)` to a dict of features, in the model's own dtype."""
        return self._encode(tf.cast(images, "float32"))

    def ask(self, features, inputs):
        """Features and the context's inputs to a dict of float32 outputs; the masks' logits are `logits`.

        Features of the `shared_levels` may have one row for all prompts.
        """
        context = [tf.cast(inputs[name], spec.dtype) for name, spec in self.context_specs.items()]
        return self._ask(*(features[name] for name in self.feature_specs), *context)

    def tokenize(self, prompts):
        """What the model reads of strings `(batch,)`; nothing without a tokenizer."""
        if self.tokenizer is None:
            return {}
        return {name: value for name, value in self.tokenizer(prompts).items() if name in self.context_specs}

    def _call_encoder(self, images):
        if not self.in_two_steps:
            return {name: tf.cast(images, spec.dtype) for name, spec in self.feature_specs.items()}
        return dict(self.model.encode_image(images, training=False))

    def _find_shared_levels(self):
        decoder = getattr(self.model, "decoder", None)
        if not self.in_two_steps or not self.model.fusions or not getattr(decoder, "sums_levels", False):
            return ()
        return tuple(level for level in self.feature_specs if level not in self.model.fusions)

    def _call_rest(self, *values):
        inputs = dict(zip((*self.feature_specs, *self.context_specs), values, strict=True))
        for tensor in self.model.inputs:
            if tensor.name in inputs and tensor.dtype != inputs[tensor.name].dtype.name:
                inputs[tensor.name] = tf.cast(inputs[tensor.name], tensor.dtype)
        outputs = (self.model.ask if self.in_two_steps else self.model)(inputs, training=False)
        named = other_outputs(outputs)
        logits = tf.cast(segmentation_logits(outputs), "float32")
        logits = tf.ensure_shape(logits, (None, *self.image_size, self.num_classes))
        return {"logits": logits, **{name: tf.cast(value, "float32") for name, value in named.items()}}


def _graph(function, specs):
    return tf.function(function, input_signature=specs, autograph=False, jit_compile=False)


def _border_spec(tensor):
    """How an input crosses the border of the export: bool as uint8, and floats as float32."""
    dtype = {"bool": "uint8", "string": "string", "int32": "int32", "uint8": "uint8"}.get(tensor.dtype, "float32")
    if None in tensor.shape[1:] and tensor.name not in FROM_WORDS:
        raise ValueError(
            f"An export needs the size of every input. Received: {tensor.name} of shape {tuple(tensor.shape)}. "
            "Build the model with a fixed size."
        )
    return tf.TensorSpec((None, *tensor.shape[1:]), dtype, name=tensor.name)
