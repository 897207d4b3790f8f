"""Builders: numbers in, a wired model out."""

from kmm.models.segmenter import segmenter


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
    **parts,
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
        **parts: other parts and levels, as `kmm.models.segmenter` takes them, such as `fusion="FiLMFusion"`.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, 1)`.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=8)
    >>> kmm.models.referring_segmenter((64, 64), tokenizer).output_shape
    (None, 64, 64, 1)
    """
    defaults = {
        "image_encoder": ("ConvImageEncoder", {"widths": widths, "blocks": blocks}),
        "fusion": ("ReasoningFusion", {"num_steps": num_steps}),
        "text_units": text_units,
        "fusion_filters": fusion_filters,
        "decoder_filters": decoder_filters,
        "dtype": dtype,
        "name": name,
    }
    return segmenter(image_size, 1, prompt_tokenizer, **{**defaults, **parts})


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
    **parts,
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
        **parts: other parts and levels, as `kmm.models.segmenter` takes them, such as `fusion="FiLMFusion"`.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, num_classes)`.

    Example:

    >>> import kmm
    >>> kmm.models.text_guided_segmenter((64, 96), num_classes=11, widths=(8, 16, 16, 16, 16)).output_shape
    (None, 64, 96, 11)
    """
    defaults = {
        "image_encoder": ("ConvImageEncoder", {"widths": widths, "blocks": blocks}),
        "fusion_levels": 2,
        "text_units": text_units,
        "fusion_filters": fusion_filters,
        "decoder_filters": decoder_filters,
        "dtype": dtype,
        "name": name,
    }
    return segmenter(image_size, num_classes, prompt_tokenizer, **{**defaults, **parts})


def classic_fcn(image_size, num_classes, prompt_tokenizer, dtype=None, name="classic_fcn", **parts):
    """The classic net: convolutions of 32, 64 and 128 filters with max pooling, Embedding 128 + LSTM 128, Concatenate.

    The two branches meet at stride 8, where the sentence vector is tiled over the map; an FCN decoder and bilinear
    enlargement restore the resolution.

    Args:
        image_size: `(height, width)` in pixels, divisible by 8.
        num_classes: number of classes.
        prompt_tokenizer: a `kmm.preprocessing.PromptTokenizer`; saved with the model.
        dtype: dtype policy of all parts.
        name: name of the model.
        **parts: other parts and levels, as `kmm.models.segmenter` takes them, such as `fusion="FiLMFusion"`.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, num_classes)`.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["a", "cat"], sequence_length=8)
    >>> kmm.models.classic_fcn((224, 224), 21, tokenizer).output_shape
    (None, 224, 224, 21)
    """
    plain = {"blocks": 0, "downsampling": "max_pooling", "normalization": False, "image_shortcut": False}
    defaults = {
        "image_encoder": ("ConvImageEncoder", {"widths": (32, 64, 128), **plain}),
        "text_encoder": ("LSTMTextEncoder", {"embedding_dim": 128, "units": 128, "bidirectional": False}),
        "fusion": "ConcatFusion",
        "fusion_filters": 256,
        "decoder_levels": ("P3",),
        "decoder_filters": 128,
        "head": "SegmentationHead",
        "dtype": dtype,
        "name": name,
    }
    return segmenter(image_size, num_classes, prompt_tokenizer, **{**defaults, **parts})
