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
        "training": {
            "epochs": 20,
            "batch_size": 4,
            "num_prompts": 6,
            "learning_rate": 2e-3,
            "weight_decay": 1e-2,
            "augmentations": {"RandomFlip": {"probability": 0.5}, "RandomColor": {"strength": 0.3}},
        },
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
