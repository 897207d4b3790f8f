"""What a server's operator wants to know of an export, beside it."""

import datetime
import hashlib
import json
import pathlib

import keras
import tensorflow as tf

from kmm.export.model_facts import describe_tokenizer
from kmm.version import __version__

CARD_FILE, PAGE_FILE, SUMS_FILE = "model_card.json", "MODEL_CARD.md", "sha256.json"


def make_card(parts, signatures, threshold, max_bytes, max_pixels, class_names, metrics):
    """The content of `model_card.json`.

    Args:
        parts: `ModelParts`.
        signatures: dict from endpoint name to a pair of dicts of `tf.TensorSpec`s, inputs and outputs.
        threshold, max_bytes, max_pixels: of the export.
        class_names: names of the classes, in the order of their ids, or an empty list.
        metrics: plain dict of scores, with what they were measured on.
    """
    model = parts.model
    return {
        "name": model.name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "num_classes": parts.num_classes,
        "class_names": list(class_names),
        "image_size": list(parts.image_size),
        "reads_words": parts.tokenizer is not None,
        "threshold": threshold if parts.num_classes == 1 else None,
        "max_bytes": max_bytes,
        "max_pixels": max_pixels,
        "parameters": model.count_params(),
        "compute_dtype": compute_dtype_of(model),
        "metrics": metrics,
        "endpoints": {
            name: {"inputs": _describe(inputs), "outputs": _describe(outputs)}
            for name, (inputs, outputs) in signatures.items()
        },
        "versions": {"kmm": __version__, "keras": keras.__version__, "tensorflow": tf.__version__},
    }


def write_card(folder, card, tokenizer):
    """Writes the card, as JSON and as a page, the tokenizer, and the SHA-256 sum of every file of the folder."""
    extra = pathlib.Path(folder) / "assets.extra"
    extra.mkdir(exist_ok=True)
    (extra / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    (extra / PAGE_FILE).write_text(_page(card), encoding="utf-8")
    content = describe_tokenizer(tokenizer)
    if content is not None:
        (extra / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    sums = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (extra / SUMS_FILE).write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


def _describe(specs):
    return {name: f"{spec.dtype.name} {_shape(spec)}" for name, spec in sorted(specs.items())}


def _shape(spec):
    return "(" + ", ".join(["batch", *("any" if size is None else str(size) for size in spec.shape[1:])]) + ")"


def compute_dtype_of(model):
    """ "bfloat16" where any layer with weights computes so, else "float32"."""
    dtypes = {layer.compute_dtype for layer in model._flatten_layers() if layer.weights}
    return "bfloat16" if "bfloat16" in dtypes else "float32"


def _page(card):
    """The card as Markdown."""
    lines = [f"# {card['name']}", "", f"Exported {card['created']} by kmm {card['versions']['kmm']}.", ""]
    plain = ("num_classes", "image_size", "reads_words", "threshold", "parameters", "compute_dtype")
    lines += [f"- {key.replace('_', ' ')}: {card[key]}" for key in plain]
    lines += [f"- verified: {card['verified']}"] if card.get("verified") else ["- verified: no"]
    if card["class_names"]:
        lines += ["", "Classes: " + ", ".join(f"{number} {name}" for number, name in enumerate(card["class_names"]))]
    if card["metrics"]:
        lines += ["", "## Scores", "", "```json", json.dumps(card["metrics"], indent=2), "```"]
    lines += ["", "## Endpoints", ""]
    for name, endpoint in card["endpoints"].items():
        lines += [f"- `{name}`", f"  - in: {endpoint['inputs']}", f"  - out: {endpoint['outputs']}"]
    return "\n".join(lines) + "\n"
