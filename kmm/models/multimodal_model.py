"""The assembly of encoders, fusions, decoder and heads."""

import functools

import keras
from keras import ops

from kmm import feature_keys
from kmm.layers import FoldPrompts
from kmm.utils.functional_model import FunctionalModel
from kmm.utils.replicated_model import ReplicatedModel


@keras.saving.register_keras_serializable(package="kmm")
class MultimodalModel(FunctionalModel):
    """A photograph and a context, such as words, in; masks out. A functional `keras.Model`.

    Takes built parts; `kmm.models.referring_segmenter` and `kmm.models.text_guided_segmenter` take numbers and build
    them. Without context encoders and fusions it is a segmenter of images alone, the baseline.

    Args:
        image_encoder: gives the pyramid, such as `kmm.encoders.ConvImageEncoder`.
        decoder: joins levels of the pyramid, such as `kmm.decoders.FCNDecoder`.
        heads: a dict from output name to head, such as `kmm.heads.SegmentationHead`.
        context_encoders: a dict with at most one context encoder, such as `{"text": LSTMTextEncoder(...)}`.
        fusions: a dict from pyramid level to the fusion that mixes the context into it.
        prompt_tokenizer: a tokenizer such as `kmm.preprocessing.PromptTokenizer`, saved with the model, or `None`.
        **kwargs: `name`, `dtype`, `trainable`. The parts bring their own dtype policies.

    Call arguments:
        inputs: a dict of `images` `(batch, height, width, 3)` in [0, 255] and the context encoder's inputs, such as
            `token_ids` and `padding_mask`, both `(batch, length)`, or `prompts`, strings `(batch,)`.

    Output shape:
        With one head its float32 tensor, such as `(batch, height, width, num_classes)`; with several a dict.

    Raises:
        ValueError: if a level is asked for that the image encoder does not give, if context encoders and fusions do
            not come together, if the tokenizer does not suit the context encoder, or if no head is given.

    Example:

    >>> import kmm, numpy as np
    >>> model = kmm.models.MultimodalModel(
    ...     image_encoder=kmm.encoders.ConvImageEncoder(image_size=(32, 32), widths=(8, 8, 16)),
    ...     context_encoders={"text": kmm.encoders.LSTMTextEncoder(vocabulary_size=50, embedding_dim=8, units=8)},
    ...     fusions={"P3": kmm.fusion.ConcatFusion(filters=16)},
    ...     decoder=kmm.decoders.FCNDecoder(filters=8, levels=("P2", "P3")),
    ...     heads={"segmentation_masks": kmm.heads.SegmentationHead(num_classes=5)},
    ... )
    >>> words = {"token_ids": np.ones((2, 4), "int32"), "padding_mask": np.ones((2, 4), bool)}
    >>> tuple(model({"images": np.zeros((2, 32, 32, 3), "uint8"), **words}).shape)
    (2, 32, 32, 5)
    """

    def __init__(
        self,
        image_encoder,
        decoder,
        heads,
        context_encoders=None,
        fusions=None,
        prompt_tokenizer=None,
        dtype=None,
        **kwargs,
    ):
        context_encoders, fusions = dict(context_encoders or {}), dict(fusions or {})
        _check(image_encoder, decoder, heads, context_encoders, fusions)
        _check_tokenizer(context_encoders, prompt_tokenizer)

        # graph
        images = keras.Input((*image_encoder.image_size, 3), name=feature_keys.IMAGES, dtype="float32")
        inputs = {feature_keys.IMAGES: images}
        for encoder in context_encoders.values():
            inputs.update({key: _input_like(tensor, key) for key, tensor in encoder.input.items()})
        parts = (context_encoders, fusions, decoder, heads, image_encoder.image_size)
        super().__init__(inputs=inputs, outputs=_ask(image_encoder(images), inputs, *parts), dtype=dtype, **kwargs)

        # config
        self.image_encoder, self.decoder, self.heads = image_encoder, decoder, dict(heads)
        self.context_encoders, self.fusions = context_encoders, fusions
        self.prompt_tokenizer = prompt_tokenizer
        self.image_size = tuple(image_encoder.image_size)

    @property
    def num_classes(self):
        """Classes of the first head: 1 for referring segmentation."""
        return next(iter(self.heads.values())).num_classes

    @property
    def context_keys(self):
        """The names of the inputs beside the images, such as `token_ids`."""
        return tuple(key for encoder in self.context_encoders.values() for key in encoder.input)

    @functools.cached_property
    def encode_image(self):
        """A model from pictures to the levels that the decoder takes. Encode once, then `ask` as often as you like."""
        images = _input_like(self.input[feature_keys.IMAGES], feature_keys.IMAGES)
        pyramid = self.image_encoder(images)
        return keras.Model(images, {level: pyramid[level] for level in self.decoder.levels}, name=f"{self.name}_encode")

    @functools.cached_property
    def ask(self):
        """The rest as a model of the same weights: a dict of the pyramid and the context's inputs in, masks out."""
        inputs = {level: _input_like(tensor, level) for level, tensor in self.encode_image.output.items()}
        inputs.update({key: _input_like(self.input[key], key) for key in self.context_keys})
        parts = (self.context_encoders, self.fusions, self.decoder, self.heads, self.image_size)
        return keras.Model(inputs, _ask(inputs, inputs, *parts), name=f"{self.name}_ask")

    def for_prompts(self, num_prompts):
        """A model of the same weights that takes several prompts for each picture and encodes the picture once.

        Args:
            num_prompts: prompts for each picture: the context's inputs get a second axis, such as
                `(batch, num_prompts, length)`, and so does every output, `(batch, num_prompts, ...)`.
        """
        inputs = {feature_keys.IMAGES: _input_like(self.input[feature_keys.IMAGES], feature_keys.IMAGES)}
        pyramid = self.encode_image(inputs[feature_keys.IMAGES])
        asked = {level: ops.repeat(tensor, num_prompts, axis=0) for level, tensor in pyramid.items()}
        for key in self.context_keys:
            single = self.input[key]
            inputs[key] = keras.Input((num_prompts, *single.shape[1:]), dtype=single.dtype, name=key)
            asked[key] = FoldPrompts(dtype=single.dtype, name=f"fold_{key}")(inputs[key])
        outputs = keras.tree.map_structure(
            lambda output: ops.reshape(output, (-1, num_prompts, *output.shape[1:])), self.ask(asked)
        )
        return ReplicatedModel(inputs, outputs, name=f"{self.name}_for_{num_prompts}_prompts")

    def get_config(self):
        """The parts, serialised."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "image_encoder": serialize(self.image_encoder),
            "decoder": serialize(self.decoder),
            "heads": {name: serialize(head) for name, head in self.heads.items()},
            "context_encoders": {name: serialize(encoder) for name, encoder in self.context_encoders.items()},
            "fusions": {level: serialize(fusion) for level, fusion in self.fusions.items()},
            "prompt_tokenizer": serialize(self.prompt_tokenizer),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the parts, then the model."""
        revive = keras.saving.deserialize_keras_object
        config = dict(config)
        for key in ("image_encoder", "decoder", "prompt_tokenizer"):
            config[key] = revive(config[key], custom_objects=custom_objects)
        for key in ("heads", "context_encoders", "fusions"):
            config[key] = {name: revive(part, custom_objects=custom_objects) for name, part in config[key].items()}
        return super().from_config(config)


_CONTEXT_KEYS = (feature_keys.SEQUENCE, feature_keys.POOLED, feature_keys.PADDING_MASK)


def _ask(pyramid, inputs, context_encoders, fusions, decoder, heads, image_size):
    """The graph from the pyramid on."""
    features = dict(pyramid)
    for encoder in context_encoders.values():
        context = encoder({key: inputs[key] for key in encoder.input})
        for level, fusion in fusions.items():
            features[level] = fusion(features[level], *(context[key] for key in _CONTEXT_KEYS))
    decoded = decoder({level: features[level] for level in decoder.levels})
    outputs = {name: head(decoded, output_size=image_size) for name, head in heads.items()}
    return outputs if len(outputs) > 1 else next(iter(outputs.values()))


def _input_like(tensor, name):
    return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)


def _check(image_encoder, decoder, heads, context_encoders, fusions):
    """Refuse parts that do not meet."""
    given = tuple(image_encoder.pyramid_levels)
    missing = sorted(set(decoder.levels) - set(given))
    if missing:
        raise ValueError(
            f"The decoder takes levels that the image encoder does not give: {missing}. "
            f"Received: decoder.levels={decoder.levels}, image_encoder.pyramid_levels={given}. Choose among the latter."
        )
    unused = sorted(set(fusions) - set(decoder.levels))
    if unused:
        raise ValueError(
            f"A fusion at a level that the decoder does not take would change nothing: {unused}. "
            f"Received: fusions at {tuple(fusions)}, decoder.levels={decoder.levels}. Move the fusion or add the level."
        )
    if bool(context_encoders) != bool(fusions) or len(context_encoders) > 1:
        raise ValueError(
            "A context encoder needs a fusion and a fusion needs one context encoder. "
            f"Received: context_encoders={tuple(context_encoders)}, fusions={tuple(fusions)}. "
            "Give one of each, or neither for a model of images alone."
        )
    if not heads:
        raise ValueError(
            "A model needs at least one head. Received: heads={}. "
            "Give for instance {'segmentation_masks': kmm.heads.SegmentationHead(num_classes=1)}."
        )


def _check_tokenizer(context_encoders, prompt_tokenizer):
    """Refuse a tokenizer of other inputs, of ids without an embedding, or of more steps than the encoder can read."""
    made = getattr(prompt_tokenizer, "vocabulary_size", None)
    length = getattr(prompt_tokenizer, "sequence_length", None)
    for name, encoder in context_encoders.items():
        given = getattr(prompt_tokenizer, "output_keys", None)
        if given is not None and set(given) != set(encoder.input):
            raise ValueError(
                "The tokenizer must give what the context encoder reads. Received: prompt_tokenizer="
                f"{type(prompt_tokenizer).__name__}, which gives {list(given)}, for the inputs {list(encoder.input)} "
                f"of {name!r}. Encoders of `prompts` take kmm.preprocessing.RawPrompts(), others a tokenizer of words."
            )
        longest = getattr(encoder, "max_sequence_length", None)
        if length is not None and longest is not None and length > longest:
            raise ValueError(
                "The text encoder must be able to read all that the tokenizer gives. Received: "
                f"prompt_tokenizer.sequence_length={length}, max_sequence_length={longest} of the context encoder "
                f"{name!r}. Make the tokenizer with sequence_length={longest}, or a longer encoder."
            )
        taken = getattr(encoder, "vocabulary_size", None)
        if made is not None and taken is not None and made > taken:
            raise ValueError(
                "The text encoder must have an embedding for every id of the tokenizer. Received: "
                f"prompt_tokenizer.vocabulary_size={made}, vocabulary_size={taken} of the context encoder {name!r}. "
                f"Make the encoder with vocabulary_size={made}, or the tokenizer with fewer words."
            )
