"""Presets: a name for a builder, its arguments and the training that suits them. Plain data."""

from kmm.models import builders

_STREET_TRAINING = {
    "epochs": 40,
    "batch_size": 4,
    "num_prompts": None,
    "learning_rate": 2e-3,
    "weight_decay": 1e-2,
    "class_balance": 0.5,
    "augmentations": {
        "RandomFlip": {"probability": 0.5},
        "RandomZoom": {"smallest": 0.8, "largest": 1.25},
        "RandomColor": {"strength": 0.3},
    },
}

_PHRASE_TRAINING = {
    "epochs": 20,
    "batch_size": 4,
    "num_prompts": 6,
    "learning_rate": 2e-3,
    "weight_decay": 1e-2,
    "augmentations": {"RandomFlip": {"probability": 0.5}, "RandomColor": {"strength": 0.3}},
}
_PHOTOGRAPH_ENCODER = ("ConvImageEncoder", {"widths": (32, 64, 128, 192), "blocks": (0, 1, 2, 2)})

presets = {
    "shapes": {
        "description": "A phrase gives a binary mask in scenes drawn by kmm: several steps of reading and looking.",
        "task": "referring",
        "builder": "referring_segmenter",
        "arguments": {"image_size": (96, 96)},
        "training": {
            "epochs": 8,
            "batch_size": 4,
            "num_prompts": 8,
            "learning_rate": 3e-3,
            "weight_decay": 1e-4,
            "augmentations": {},
        },
    },
    "referring": {
        "description": "A phrase gives a binary mask in photographs: the same reading on a deeper image encoder.",
        "task": "referring",
        "builder": "referring_segmenter",
        "arguments": {"image_size": (192, 256), "widths": (32, 64, 128, 192), "blocks": (0, 1, 2, 2)},
        "training": _PHRASE_TRAINING,
    },
    "semantic": {
        "description": "A photograph and its description give a class for every pixel; words enter by attention.",
        "task": "semantic",
        "builder": "text_guided_segmenter",
        "arguments": {"image_size": (192, 256)},
        "training": _STREET_TRAINING,
    },
    "semantic_image_only": {
        "description": "The net of `semantic` without words: the baseline.",
        "task": "semantic",
        "builder": "text_guided_segmenter",
        "arguments": {"image_size": (192, 256), "prompt_tokenizer": None},
        "training": _STREET_TRAINING,
    },
    "classic_fcn": {
        "description": "The classic example: conv 32-64-128, Embedding + LSTM 128, Concatenate, FCN, 21 classes, Adam.",
        "task": "semantic",
        "builder": "classic_fcn",
        "arguments": {"image_size": (224, 224), "num_classes": 21},
        "training": {
            "epochs": 30,
            "batch_size": 8,
            "num_prompts": None,
            "learning_rate": 1e-3,
            "weight_decay": 0.0,
            "class_balance": 0.0,
            "augmentations": {},
        },
    },
    "hu2016": {
        "description": "Hu et al. 2016: the LSTM's last state, L2-normalised, tiled, with coordinates, 1x1 MLP.",
        "task": "referring",
        "builder": "segmenter",
        "arguments": {
            "image_size": (192, 256),
            "num_classes": 1,
            "image_encoder": _PHOTOGRAPH_ENCODER,
            "text_encoder": ("LSTMTextEncoder", {"embedding_dim": 128, "units": 128, "bidirectional": False}),
            "fusion": ("ConcatFusion", {"coordinates": True, "normalize": True}),
            "fusion_filters": 128,
            "decoder": ("FCNDecoder", {"refinements": 0}),
            "decoder_levels": ("P4",),
            "head": "SegmentationHead",
        },
        "training": _PHRASE_TRAINING,
    },
    "rmi_like": {
        "description": "Liu et al. 2017 (RMI): an LSTM over words at every cell of the map, then one score.",
        "task": "referring",
        "builder": "segmenter",
        "arguments": {
            "image_size": (192, 256),
            "num_classes": 1,
            "image_encoder": _PHOTOGRAPH_ENCODER,
            "text_encoder": ("LSTMTextEncoder", {"embedding_dim": 128, "units": 128, "bidirectional": False}),
            "fusion": "RecurrentFusion",
            "decoder": ("FCNDecoder", {"refinements": 0}),
            "decoder_levels": ("P4",),
            "head": "SegmentationHead",
        },
        "training": _PHRASE_TRAINING,
    },
    "film_fpn": {
        "description": "CLIPSeg's conditioning (2022): the sentence scales and shifts every level; FPN decoder.",
        "task": "referring",
        "builder": "segmenter",
        "arguments": {
            "image_size": (192, 256),
            "num_classes": 1,
            "image_encoder": _PHOTOGRAPH_ENCODER,
            "fusion": "FiLMFusion",
            "fusion_levels": 2,
            "decoder": "FPNDecoder",
        },
        "training": _PHRASE_TRAINING,
    },
    "pwam_fpn": {
        "description": "LAVT's attention (2022): pixels attend to words, a gate adds what they read; FPN decoder.",
        "task": "referring",
        "builder": "segmenter",
        "arguments": {
            "image_size": (192, 256),
            "num_classes": 1,
            "image_encoder": _PHOTOGRAPH_ENCODER,
            "fusion": "CrossAttentionFusion",
            "fusion_levels": 2,
            "decoder": "FPNDecoder",
        },
        "training": _PHRASE_TRAINING,
    },
    "vgg16_bert": {
        "description": "VGG16 and a small BERT with WordPiece words, both from random weights; attention, FPN.",
        "task": "referring",
        "builder": "vgg16_bert",
        "arguments": {"image_size": (192, 256)},
        "training": {**_PHRASE_TRAINING, "learning_rate": 3e-4, "tokenizer": "WordPieceTokenizer"},
    },
    "light": {
        "description": "For speed: narrow convolutions, averaged word vectors without recurrence, LR-ASPP decoder.",
        "task": "referring",
        "builder": "segmenter",
        "arguments": {
            "image_size": (192, 256),
            "num_classes": 1,
            "image_encoder": ("ConvImageEncoder", {"widths": (16, 24, 48, 96), "blocks": (0, 0, 1, 1)}),
            "text_encoder": "PooledTextEncoder",
            "fusion": "FiLMFusion",
            "decoder": "LightDecoder",
        },
        "training": _PHRASE_TRAINING,
    },
}
"""A dict from name to `description`, `task`, `builder` (a function of `kmm.models`), its `arguments` and `training`."""


def find_preset(name):
    """The preset of that name, or a `ValueError` that lists the known ones.

    Example:

    >>> import kmm
    >>> kmm.models.find_preset("classic_fcn")["arguments"]["num_classes"]
    21
    """
    if name not in presets:
        raise ValueError(f"A preset is one of {sorted(presets)}. Received: preset={name!r}.")
    return presets[name]


def build_preset(name, **arguments):
    """Build the model of a preset.

    Args:
        name: a key of `kmm.presets`.
        **arguments: arguments of the preset's builder that are missing in the preset or replace it, such as
            `prompt_tokenizer`, `num_classes` or `image_size`.

    Raises:
        ValueError: if there is no such preset.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["a", "cat"], sequence_length=8)
    >>> kmm.models.build_preset("classic_fcn", prompt_tokenizer=tokenizer).output_shape
    (None, 224, 224, 21)
    """
    preset = find_preset(name)
    return getattr(builders, preset["builder"])(**{**preset["arguments"], **arguments})
