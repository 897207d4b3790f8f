"""Presets: a name for a builder, its arguments and the training that suits them. Plain data."""

from kmm.models import builders

presets = {
    "referring": {
        "description": "A phrase gives a binary mask; several steps of reading and looking. The default for phrases.",
        "builder": "referring_segmenter",
        "arguments": {"image_size": (96, 96)},
        "training": {"epochs": 10, "batch_size": 16, "num_prompts": 8, "learning_rate": 2e-3},
    },
    "semantic": {
        "description": "A photograph and its description give a class for every pixel; words enter by attention.",
        "builder": "text_guided_segmenter",
        "arguments": {"image_size": (192, 256)},
        "training": {"epochs": 60, "batch_size": 8, "num_prompts": None, "learning_rate": 2e-3},
    },
    "semantic_image_only": {
        "description": "The net of `semantic` without words: the baseline.",
        "builder": "text_guided_segmenter",
        "arguments": {"image_size": (192, 256), "prompt_tokenizer": None},
        "training": {"epochs": 60, "batch_size": 8, "num_prompts": None, "learning_rate": 2e-3},
    },
    "classic_fcn": {
        "description": "The classic example: conv 32-64-128, Embedding 128 + LSTM 128, Concatenate, FCN, 21 classes.",
        "builder": "classic_fcn",
        "arguments": {"image_size": (224, 224), "num_classes": 21},
        "training": {"epochs": 30, "batch_size": 16, "num_prompts": None, "learning_rate": 1e-3},
    },
}
"""A dict from name to `description`, `builder` (a function of `kmm.models`), its `arguments` and `training`."""


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


def find_preset(name):
    """The preset of that name, or a `ValueError` that lists the known ones."""
    if name not in presets:
        raise ValueError(f"A preset is one of {sorted(presets)}. Received: preset={name!r}.")
    return presets[name]
