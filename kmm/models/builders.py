"""Builders: numbers in, a wired model out."""

from kmm.encoders import KerasHubTextEncoder
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


def vgg16_bert(
    image_size,
    prompt_tokenizer,
    num_classes=1,
    image_weights=None,
    bert_preset=None,
    bert_layers=2,
    bert_units=128,
    dtype=None,
    name="vgg16_bert",
    **parts,
):
    """VGG16 and BERT, joined by attention at the two deepest levels and an FPN decoder.

    Needs `pip install "kmm[kerashub]"`. Both nets begin with random weights; pretrained ones are downloaded only on
    request.

    Args:
        image_size: `(height, width)` in pixels, divisible by 32.
        prompt_tokenizer: a `kmm.preprocessing.WordPieceTokenizer`; with `bert_preset` one of the same vocabulary.
        num_classes: 1 for what a phrase names, or the number of classes.
        image_weights: `None`, "imagenet" or the path of a `.weights.h5` file, see `ApplicationImageEncoder`.
        bert_preset: `None`, or what `keras_hub.models.BertBackbone.from_preset` takes: a folder or a name, such as
            "bert_tiny_en_uncased".
        bert_layers, bert_units: size of a BERT from random weights; one head for 64 units.
        dtype: dtype policy of all parts.
        name: name of the model.
        **parts: other parts and levels, as `kmm.models.segmenter` takes them.

    Returns:
        A `kmm.models.MultimodalModel` with output `(batch, height, width, num_classes)`.

    Raises:
        ImportError: if keras-hub is missing.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.WordPieceTokenizer.adapt(["a red car", "a cat"], sequence_length=8)
    >>> model = kmm.models.vgg16_bert((32, 32), tokenizer, bert_layers=1, bert_units=64)
    >>> model.output_shape
    (None, 32, 32, 1)
    """
    defaults = {
        "image_encoder": ("ApplicationImageEncoder", {"application": "VGG16", "weights": image_weights}),
        "fusion_levels": 2,
        "decoder": "FPNDecoder",
        "dtype": dtype,
        "name": name,
    }
    if "text_encoder" not in parts:
        text_encoder = _bert(prompt_tokenizer, bert_preset, bert_layers, bert_units, dtype)
        if "fusion" not in parts:  # attention reads the words alone, never BERT's vector of the whole text
            text_encoder.backbone.get_layer("pooled_dense").trainable = False
        defaults["text_encoder"] = text_encoder
    return segmenter(image_size, num_classes, prompt_tokenizer, **{**defaults, **parts})


def _bert(tokenizer, preset, layers, units, dtype):
    try:
        import keras_hub
    except ImportError as error:
        raise ImportError('BERT needs keras-hub. Install it with: pip install "kmm[kerashub]"') from error
    if preset is not None:
        backbone = keras_hub.models.BertBackbone.from_preset(preset, dtype=dtype)
    else:
        backbone = keras_hub.models.BertBackbone(
            vocabulary_size=tokenizer.vocabulary_size,
            num_layers=layers,
            num_heads=max(1, units // 64),
            hidden_dim=units,
            intermediate_dim=4 * units,
            max_sequence_length=max(64, tokenizer.sequence_length),
            dtype=dtype,
        )
    return KerasHubTextEncoder(backbone, name="text_encoder", dtype=dtype)
