"""What a model is, how it was trained, and what it is for."""

import numbers

from kmm.reporting.html_elements import bullets, definitions, heading, number, side_by_side, table
from kmm.reporting.report_context import HISTORY, SETTINGS
from kmm.reporting.section import Section

USUAL = ("name", "trainable", "dtype", "frozen", "image_size", "data_format")
"""Arguments that say nothing of a part."""

MANY_WORDS = 12


def model_card(context):
    """The parts of a model, its training, its intended use and its limits.

    Reference: Mitchell et al., "Model Cards for Model Reporting", 2019.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `architecture`, `parts`, `parameters`, `image_size`, `num_classes`, `precision`,
        `vocabulary`, `training`, `intended_use` and `limits`.
    """
    model, settings = context.model, context.settings
    tokenizer = getattr(model, "prompt_tokenizer", None)
    words = getattr(tokenizer, "vocabulary_size", None)
    data = {
        "architecture": type(model).__name__,
        "parts": [_part(role, part) for role, part in _parts(model)],
        "parameters": int(model.count_params()),
        "image_size": list(model.image_size),
        "num_classes": model.num_classes,
        "precision": str(getattr(model.dtype_policy, "name", model.dtype_policy)),
        "vocabulary": None
        if tokenizer is None
        else {
            "tokenizer": type(tokenizer).__name__,
            "size": words,
            "sequence_length": getattr(tokenizer, "sequence_length", None),
        },
        "training": settings,
        "intended_use": _use(context),
        "limits": _limits(context, words),
    }
    rows = [[part["role"], part["class"], number(part["parameters"], 0)] for part in data["parts"]]
    details = [(part["role"], _written(part["arguments"])) for part in data["parts"]]
    height, width = model.image_size
    facts = definitions(
        [
            ("architecture", data["architecture"]),
            ("pictures", f"{height} x {width} pixels (height x width)"),
            (
                "answers",
                "a binary mask for each phrase" if model.num_classes == 1 else f"{model.num_classes} classes",
            ),
            ("words", _said(data["vocabulary"])),
            ("precision", data["precision"]),
            ("parameters", number(data["parameters"], 0)),
        ]
    )
    training = definitions([(name.replace("_", " "), _written(value)) for name, value in settings.items()])
    blocks = [
        side_by_side(
            heading("What it is") + facts, heading("Parts") + table(["part", "class", "parameters"], rows, num_texts=2)
        ),
        side_by_side(
            heading("Arguments of the parts") + definitions(details),
            heading(f"Training ({SETTINGS})") + training if settings else "",
        ),
        side_by_side(
            heading("Intended use") + bullets(data["intended_use"]), heading("Limits") + bullets(data["limits"])
        ),
    ]
    return Section(data, blocks)


def _parts(model):
    """Roles and parts, in the order in which a picture meets them."""
    if hasattr(model, "models"):
        yield from ((f"model {name!r}", member) for name, member in model.models.items())
        yield "combiner", model.combiner
        return
    yield "image encoder", model.image_encoder
    yield from ((f"{name} encoder", encoder) for name, encoder in model.context_encoders.items())
    yield from ((f"fusion at {level}", fusion) for level, fusion in model.fusions.items())
    yield "decoder", model.decoder
    yield from ((f"head {name!r}", head) for name, head in model.heads.items())


def _part(role, part):
    arguments = {name: value for name, value in part.get_config().items() if name not in USUAL and _is_plain(value)}
    return {
        "role": role,
        "class": type(part).__name__,
        "parameters": int(part.count_params()),
        "arguments": arguments,
    }


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return len(value) <= MANY_WORDS and all(_is_plain(item) for item in value)
    return value is not None and isinstance(value, (numbers.Number, str, bool)) and len(str(value)) < 80


def _written(value):
    """Plain data for readers."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={_written(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(_written, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _said(vocabulary):
    if vocabulary is None:
        return "none: the model reads no words"
    size = "" if vocabulary["size"] is None else f" of {vocabulary['size']:,} entries"
    length = "" if vocabulary["sequence_length"] is None else f", up to {vocabulary['sequence_length']} in a prompt"
    return f"{vocabulary['tokenizer']}{size}{length}"


def _use(context):
    source = context.source
    what = (
        "Finds what a phrase names and marks its pixels"
        if source.task == "referring"
        else f"Gives every pixel one of {len(source.class_names)} classes"
    )
    return [
        f"{what}, in pictures like those of {source.name}.",
        "For research, prototypes and tools in which a person sees the mask before anything depends on it.",
    ]


def _limits(context, words):
    height, width = context.model.image_size
    limits = [
        f"Scored on the split {context.split} of {context.source.name} alone: nothing is known of other cameras, "
        "places and wordings.",
        f"Sees {height} x {width} pixels: what is smaller than a few of them is lost.",
    ]
    if words is not None:
        limits.append("Knows the words of its training; others are read as unknown.")
    if context.source.task == "referring":
        limits.append(
            "A phrase that names nothing in the picture may still get an answer: how often, the no-target accuracy "
            "says, where the split holds such phrases."
        )
    if context.file(HISTORY) is None:
        limits.append("How it was trained is not known here: no run folder was given.")
    limits.append("The scores rest on one training run; another seed gives other ones.")
    return limits
