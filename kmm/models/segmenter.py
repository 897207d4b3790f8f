"""The builder behind all others: which parts, and the numbers they share."""

from kmm import decoders, encoders, feature_keys, heads
from kmm import fusion as fusion_package
from kmm.models.make_part import make_part
from kmm.models.multimodal_model import MultimodalModel


def segmenter(
    image_size,
    num_classes,
    prompt_tokenizer=None,
    image_encoder="ConvImageEncoder",
    text_encoder="LSTMTextEncoder",
    fusion="CrossAttentionFusion",
    fusion_levels=1,
    decoder="FCNDecoder",
    decoder_levels=None,
    head="SubpixelSegmentationHead",
    text_units=64,
    fusion_filters=64,
    decoder_filters=32,
    dtype=None,
    name="segmenter",
):
    """A segmenter of any parts: another fusion, encoder or decoder is another word.

    A part is the name of a class of kmm, `(name, arguments)`, a class of your own in the place of its name, or a built
    component. What a class needs and is not given comes from the other arguments: the picture's size, the vocabulary,
    channels, levels and the scale of the head. So a part is plain data, and a preset can hold it.

    Args:
        image_size: `(height, width)` in pixels.
        num_classes: 1 for what a phrase names, or the number of classes.
        prompt_tokenizer: a tokenizer such as `kmm.preprocessing.PromptTokenizer`, saved with the model. With `None` the
            model sees the picture alone, and `text_encoder` and `fusion` are not used.
        image_encoder: a part of `kmm.encoders`.
        text_encoder: a part of `kmm.encoders`.
        fusion: a part of `kmm.fusion`; each level gets one of its own.
        fusion_levels: the levels at which words enter, such as `("P3", "P4")`, or how many of the deepest.
        decoder: a part of `kmm.decoders`.
        decoder_levels: the levels that the decoder takes; `None` for all that the image encoder gives.
        head: a part of `kmm.heads`.
        text_units: size of word embeddings and of a recurrent state, which reads in both directions.
        fusion_filters: channels of the fusions.
        decoder_filters: channels of the decoder.
        dtype: dtype policy of all parts, such as "mixed_bfloat16".
        name: name of the model.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, num_classes)`.

    Raises:
        ValueError: if there is no such part, a part does not take its arguments, or the levels do not fit.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=8)
    >>> encoder = ("ConvImageEncoder", {"widths": (8, 8, 16)})
    >>> for fusion in ("ConcatFusion", "CrossAttentionFusion"):
    ...     model = kmm.models.segmenter((32, 32), 1, tokenizer, image_encoder=encoder, fusion=fusion)
    ...     print(type(model.fusions["P3"]).__name__, model.output_shape)
    ConcatFusion (None, 32, 32, 1)
    CrossAttentionFusion (None, 32, 32, 1)
    """
    image_encoder = make_part(image_encoder, encoders, image_size=image_size, name="image_encoder", dtype=dtype)
    levels = tuple(decoder_levels or image_encoder.pyramid_levels)
    decoder = make_part(decoder, decoders, filters=decoder_filters, levels=levels, name="decoder", dtype=dtype)
    stride = 2 ** min(int(level[1:]) for level in decoder.levels)
    head = make_part(head, heads, num_classes=num_classes, scale=stride, name="head", dtype=dtype)
    words = {}
    if prompt_tokenizer is not None:
        text_encoder = make_part(
            text_encoder,
            encoders,
            vocabulary_size=getattr(prompt_tokenizer, "vocabulary_size", None),
            embedding_dim=text_units,
            units=text_units,
            bidirectional=True,
            name="text_encoder",
            dtype=dtype,
        )
        fusions = _make_fusions(fusion, _entered(fusion_levels, decoder.levels), fusion_filters, dtype)
        words = {"context_encoders": {"text": text_encoder}, "fusions": fusions}
    return MultimodalModel(
        image_encoder=image_encoder,
        decoder=decoder,
        heads={feature_keys.SEGMENTATION_MASKS: head},
        prompt_tokenizer=prompt_tokenizer,
        dtype=dtype,
        name=name,
        **words,
    )


def _entered(fusion_levels, levels):
    """The levels at which words enter."""
    if not isinstance(fusion_levels, int):
        return tuple(fusion_levels)
    if not 1 <= fusion_levels <= len(levels):
        raise ValueError(
            f"Words enter at one or more of the decoder's levels, {tuple(levels)}. Received: fusion_levels="
            f"{fusion_levels}. Name them, or give how many of the deepest, 1 to {len(levels)}."
        )
    return tuple(sorted(levels)[-fusion_levels:])


def _make_fusions(part, levels, filters, dtype):
    """One fusion for each level, named after it where there are several."""
    names = ["fusion"] if len(levels) == 1 else [f"fusion_{level.lower()}" for level in levels]
    parts = [make_part(part, fusion_package, filters=filters, name=name, dtype=dtype) for name in names]
    if len(set(map(id, parts))) < len(levels):
        raise ValueError(
            "Every level needs a fusion of its own. Received: one built fusion for "
            f"fusion_levels={levels}. Give its class name and arguments, or one level."
        )
    return dict(zip(levels, parts, strict=True))
