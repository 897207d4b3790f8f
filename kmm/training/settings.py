"""What decides a training run, checked before anything is written."""

import json
import math

from kmm import models
from kmm.training.make_loss import make_loss
from kmm.training.precision import policy_for

WEIGHTS = ("inverse", "median", "effective", "none")
"""How the classes in a run's loss can be weighed, see `kmm.training.class_weights_from`."""


def make_settings(source, preset=None, precision="auto", seed=0, parts=None, **replacements):
    """The preset's training recipe with what the user replaced.

    Args:
        source: the `kmm.data.Source` to train on.
        preset: a key of `kmm.presets`; `None` takes the one named like the source, or else like its task.
        precision: "auto", "float32" or "bfloat16".
        seed: seed of weights, order and augmentations.
        parts: a dict of arguments of the preset's builder, such as `{"fusion": "FiLMFusion"}`, plain data.
        **replacements: `epochs`, `batch_size`, `learning_rate`, `image_size`, `learning_rate_factors`, `loss`,
            `class_weights`; `None` keeps the preset's own.

    Returns:
        A dict of plain data, as it is written to `settings.json`.

    Raises:
        ValueError: if the preset or the loss is unknown or does not suit the source's task, a split is missing, or a
            number makes no sense.
        TypeError: if a part or the loss is no plain data.

    Example:

    >>> import kmm
    >>> make_settings(kmm.data.ShapesSource(), epochs=3)["epochs"]
    3
    """
    if preset is None:
        preset = source.name if source.name in models.presets else source.task
    recipe = models.find_preset(preset)
    if recipe["task"] != source.task:
        raise ValueError(
            f"The preset must suit the task. Received: preset={preset!r} for task {recipe['task']!r}, data for task "
            f"{source.task!r}. Choose another with --preset or --task; `kmm presets` lists them."
        )
    if "train" not in source.splits or not {"val", "test"} & set(source.splits):
        raise ValueError(
            "Training needs the split 'train', and 'val' or 'test' to be scored on. Received: splits "
            f"{tuple(source.splits)} in {source.name!r}. A tenth of the pictures is enough to score."
        )
    settings = {"preset": preset, "data": source.name, "task": source.task, "seed": seed}
    settings["policy"] = policy_for(precision)
    settings["image_size"] = recipe["arguments"]["image_size"]
    settings.update(recipe["training"])
    settings.update({key: value for key, value in replacements.items() if value is not None})
    settings["image_size"] = list(settings["image_size"])
    if parts:
        settings["parts"] = _plain(parts)
    if "loss" in settings:
        settings["loss"] = _plain(settings["loss"])
        make_loss(settings["loss"], source.task)
    if settings.get("class_weights", "none") not in WEIGHTS:
        raise ValueError(
            f"Classes are weighed by one of {WEIGHTS}. Received: class_weights={settings['class_weights']!r}. "
            "Give weights of your own as an argument of the loss."
        )
    for name in ("epochs", "batch_size", "learning_rate"):
        if not (math.isfinite(settings[name]) and settings[name] > 0):
            raise ValueError(f"{name} must be positive. Received: {name}={settings[name]}.")
    for name, factor in settings.get("learning_rate_factors", {}).items():
        if not (math.isfinite(factor) and factor >= 0):
            raise ValueError(
                "A part's factor of the learning rate must be a number of at least 0, and 0 freezes the part. "
                f"Received: {name}={factor}."
            )
    return settings


def _plain(parts):
    """The parts as they are read back from `settings.json`."""
    try:
        return json.loads(json.dumps(parts))
    except TypeError as error:
        raise TypeError(
            "Parts of a run are plain data, so that the run can be done again: class names, or pairs of one and a dict "
            f"of arguments. Received: parts={parts}. Register a class of your own and name it 'package>Name'."
        ) from error
