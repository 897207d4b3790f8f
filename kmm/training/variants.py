"""What a comparison goes over, and the variants that it tries."""

import inspect

from kmm import decoders, encoders, fusion, losses
from kmm.models.make_part import part_names

PACKAGES = {"fusion": fusion, "text_encoder": encoders, "image_encoder": encoders, "decoder": decoders}
"""The package of the classes that can take a part's place."""

GIVEN = {
    "fusion": ("filters",),
    "text_encoder": ("vocabulary_size",),
    "image_encoder": ("image_size",),
    "decoder": ("filters", "levels"),
}
"""The arguments that a model's builder gives to a part: what takes the first can be such a part, and what needs no
others can be built by its name alone."""

AXES = (*PACKAGES, "level", "text", "loss", "modality")
"""What a comparison can go over."""

LOSS = "loss"
"""The axis that is no part of the model: it replaces the setting of that name."""

WITHOUT = "without"
"""The setting that holds what the data are stripped of, as `kmm.data.WithoutModality` takes it."""

WITH_TEXT, WITHOUT_TEXT = "with text", "without text"
MODALITIES = {"image + text": {}, "image only": {WITHOUT: ["prompts"]}, "text only": {WITHOUT: ["images"]}}
"""One net, trained and scored on data without a modality."""

ALL_LEVELS = "all levels"


def make_variants(over, model, variants=None):
    """The variants to compare, each as the parts that make it of a preset.

    Args:
        over: one of `AXES`.
        model: the preset's own model. A variant of the same class keeps the preset's arguments.
        variants: names of classes, of levels or of "with text" and "without text", or a dict from any name to a part as
            `kmm.models.segmenter` takes it; `None` for all that can be built by their name alone. Losses are those that
            suit the model's task.

    Returns:
        A dict from name to a dict of arguments of the preset's builder; of losses and modalities, a dict of `LOSS` or
        `WITHOUT` alone.

    Raises:
        ValueError: if there is no such axis or variant, or the preset reads no words.

    Example:

    >>> import kmm
    >>> model = kmm.models.build_preset("shapes", prompt_tokenizer=kmm.preprocessing.PromptTokenizer(["red"]))
    >>> make_variants("fusion", model, ["ConcatFusion", "ReasoningFusion"])  # the latter is the preset's own
    {'ConcatFusion': {'fusion': 'ConcatFusion'}, 'ReasoningFusion': {}}
    """
    if over not in AXES:
        raise ValueError(f"A comparison goes over one of {AXES}. Received: over={over!r}.")
    if over not in ("image_encoder", "decoder", "loss") and not model.fusions:
        raise ValueError(
            f"Only a model that reads words can be compared over its {over}. Received: a preset without words. "
            "Choose another preset, or compare over 'image_encoder', 'decoder' or 'loss'."
        )
    known = _known(over, model)
    if variants is None:
        return {name: parts for name, parts in known.items() if _is_made_by_name(over, name)}
    parts = variants if isinstance(variants, dict) else {name: name for name in variants}
    unknown = [part for part in parts.values() if isinstance(part, str) and part not in known and ">" not in part]
    if unknown or not parts:
        raise ValueError(
            f"A variant is one of {list(known)}, or a class registered with Keras ('package>Name'). "
            f"Received: {unknown or 'no variant'}."
        )
    return {
        name: known[part] if isinstance(part, str) and part in known else {_argument(over): part}
        for name, part in parts.items()
    }


def _argument(over):
    """The argument of the builder that makes the difference."""
    return {"level": "fusion_levels", "text": "prompt_tokenizer", "modality": WITHOUT}.get(over, over)


def _known(over, model):
    """All variants by name."""
    if over == "text":
        return {WITH_TEXT: {}, WITHOUT_TEXT: {"prompt_tokenizer": None}}
    if over == "modality":
        return MODALITIES
    if over == "level":
        levels = sorted(model.decoder.levels)
        several = {ALL_LEVELS: {"fusion_levels": levels}} if len(levels) > 1 else {}
        return {**{level: {"fusion_levels": [level]} for level in levels}, **several}
    if over == LOSS:
        other_task = model.num_classes != 1
        names = [name for name in part_names(losses) if getattr(losses, name).binary is not other_task]
        return {name: {LOSS: name} for name in names}
    package = PACKAGES[over]
    names = [name for name in part_names(package) if GIVEN[over][0] in _parameters(getattr(package, name))]
    own = {
        "fusion": lambda: next(iter(model.fusions.values())),
        "text_encoder": lambda: next(iter(model.context_encoders.values())),
        "image_encoder": lambda: model.image_encoder,
        "decoder": lambda: model.decoder,
    }[over]()
    return {name: {} if type(own) is getattr(package, name) else {over: name} for name in names}


def _is_made_by_name(over, name):
    package = {**PACKAGES, LOSS: losses}.get(over)
    if package is None:
        return True
    parameters, given = _parameters(getattr(package, name)), GIVEN.get(over, ())
    return all(
        parameter.default is not parameter.empty or key in given or parameter.kind is parameter.VAR_KEYWORD
        for key, parameter in parameters.items()
    )


def _parameters(cls):
    parameters = dict(inspect.signature(cls.__init__).parameters)
    parameters.pop("self")
    return parameters
