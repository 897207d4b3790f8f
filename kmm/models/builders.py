"""Builders: numbers in, a wired model out."""

from kmm import feature_keys
from kmm.decoders import FCNDecoder
from kmm.encoders import ConvImageEncoder, LSTMTextEncoder
from kmm.fusion import ConcatFusion, CrossAttentionFusion, ReasoningFusion
from kmm.heads import SegmentationHead, SubpixelSegmentationHead
from kmm.models.multimodal_model import MultimodalModel


def referring_segmenter(
    image_size,
    prompt_tokenizer,
    widths=(32, 48, 64),
    blocks=1,
    text_units=64,
    fusion_filters=64,
    num_steps=4,
    decoder_filters=32,
    dtype=None,
    name="referring_segmenter",
):
    """A model that finds what a phrase names: one logit for each pixel.

    Args:
        image_size: `(height, width)` in pixels, divisible by `2**len(widths)`.
        prompt_tokenizer: a `kmm.preprocessing.PromptTokenizer`; saved with the model.
        widths: channels of the image encoder's levels P1, P2, ...; words enter at the last of them.
        blocks: residual blocks of the image encoder at each level.
        text_units: size of word embeddings and of the LSTM's state in each direction.
        fusion_filters: channels of the fusion, divisible by 4.
        num_steps: steps of `kmm.fusion.ReasoningFusion`.
        decoder_filters: channels of the decoder.
        dtype: dtype policy of all parts, such as "mixed_bfloat16".
        name: name of the model.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, 1)`.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=8)
    >>> kmm.models.referring_segmenter((64, 64), tokenizer).output_shape
    (None, 64, 64, 1)
    """
    levels = _levels(widths)
    return MultimodalModel(
        image_encoder=ConvImageEncoder(image_size, widths, blocks, name="image_encoder", dtype=dtype),
        context_encoders={"text": _text_encoder(prompt_tokenizer, text_units, dtype)},
        fusions={levels[-1]: ReasoningFusion(fusion_filters, num_steps, name="fusion", dtype=dtype)},
        decoder=FCNDecoder(decoder_filters, levels, name="decoder", dtype=dtype),
        heads={feature_keys.SEGMENTATION_MASKS: SubpixelSegmentationHead(1, scale=4, name="head", dtype=dtype)},
        prompt_tokenizer=prompt_tokenizer,
        dtype=dtype,
        name=name,
    )


def text_guided_segmenter(
    image_size,
    num_classes,
    prompt_tokenizer=None,
    widths=(32, 64, 128, 192, 256),
    blocks=(0, 1, 2, 2, 2),
    text_units=64,
    fusion_filters=128,
    decoder_filters=64,
    dtype=None,
    name="text_guided_segmenter",
):
    """A model that gives one of `num_classes` for every pixel of a picture, helped by a description of it.

    Args:
        image_size: `(height, width)` in pixels, divisible by `2**len(widths)`.
        num_classes: number of classes.
        prompt_tokenizer: a `kmm.preprocessing.PromptTokenizer`; saved with the model. With `None` the model sees the
            picture alone: the baseline.
        widths: channels of the image encoder's levels P1, P2, ...
        blocks: residual blocks of the image encoder at each level.
        text_units: size of word embeddings and of the LSTM's state in each direction.
        fusion_filters: channels of the fusions at the two deepest levels.
        decoder_filters: channels of the decoder.
        dtype: dtype policy of all parts, such as "mixed_bfloat16".
        name: name of the model.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, num_classes)`.

    Example:

    >>> import kmm
    >>> kmm.models.text_guided_segmenter((64, 96), num_classes=11, widths=(8, 16, 16, 16, 16)).output_shape
    (None, 64, 96, 11)
    """
    levels = _levels(widths)
    words = prompt_tokenizer is not None
    fusions = {
        level: CrossAttentionFusion(fusion_filters, name=f"fusion_{level.lower()}", dtype=dtype)
        for level in levels[-2:]
    }
    head = SubpixelSegmentationHead(num_classes, scale=4, name="head", dtype=dtype)
    return MultimodalModel(
        image_encoder=ConvImageEncoder(image_size, widths, blocks, name="image_encoder", dtype=dtype),
        context_encoders={"text": _text_encoder(prompt_tokenizer, text_units, dtype)} if words else {},
        fusions=fusions if words else {},
        decoder=FCNDecoder(decoder_filters, levels, name="decoder", dtype=dtype),
        heads={feature_keys.SEGMENTATION_MASKS: head},
        prompt_tokenizer=prompt_tokenizer,
        dtype=dtype,
        name=name,
    )


def classic_fcn(image_size, num_classes, prompt_tokenizer, dtype=None, name="classic_fcn"):
    """The classic net: convolutions of 32, 64 and 128 filters with max pooling, Embedding 128 + LSTM 128, Concatenate.

    The two branches meet at stride 8, where the sentence vector is tiled over the map; an FCN decoder and bilinear
    enlargement restore the resolution.

    Args:
        image_size: `(height, width)` in pixels, divisible by 8.
        num_classes: number of classes.
        prompt_tokenizer: a `kmm.preprocessing.PromptTokenizer`; saved with the model.
        dtype: dtype policy of all parts.
        name: name of the model.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, num_classes)`.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["a", "cat"], sequence_length=8)
    >>> kmm.models.classic_fcn((224, 224), 21, tokenizer).output_shape
    (None, 224, 224, 21)
    """
    plain = {"blocks": 0, "downsampling": "max_pooling", "normalization": False, "image_shortcut": False}
    encoder = ConvImageEncoder(image_size, (32, 64, 128), **plain, name="image_encoder", dtype=dtype)
    text = LSTMTextEncoder(prompt_tokenizer.vocabulary_size, 128, 128, name="text_encoder", dtype=dtype)
    return MultimodalModel(
        image_encoder=encoder,
        context_encoders={"text": text},
        fusions={"P3": ConcatFusion(filters=256, name="fusion", dtype=dtype)},
        decoder=FCNDecoder(filters=128, levels=("P3",), name="decoder", dtype=dtype),
        heads={feature_keys.SEGMENTATION_MASKS: SegmentationHead(num_classes, name="head", dtype=dtype)},
        prompt_tokenizer=prompt_tokenizer,
        dtype=dtype,
        name=name,
    )


def _levels(widths):
    """P2 and all deeper ones."""
    return tuple(f"P{number}" for number in range(2, len(widths) + 1))


def _text_encoder(tokenizer, units, dtype):
    return LSTMTextEncoder(
        tokenizer.vocabulary_size, units, units, bidirectional=True, name="text_encoder", dtype=dtype
    )
