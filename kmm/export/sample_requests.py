"""Requests that any export can answer, drawn rather than photographed."""

import io

import numpy as np
from PIL import Image

from kmm.export.endpoints import AUDIO_BYTES, IMAGE_BYTES, PROMPT, THRESHOLD

SIZES = ((96, 128), (150, 90), (64, 64), (203, 311))
"""Height and width of the sample pictures, in pixels."""


def sample_requests(parts, signatures):
    """One request of four rows for each endpoint that takes files or words.

    Args:
        parts: `ModelParts`.
        signatures: dict from endpoint name to a dict of the names and `tf.TensorSpec`s of its inputs.

    Returns:
        dict from endpoint name to a dict of arrays of four rows; strings as object arrays of `bytes`.
    """
    rows = len(SIZES)
    drawn = {
        IMAGE_BYTES: _array([_draw(number, size) for number, size in enumerate(SIZES)]),
        PROMPT: _array(_prompts(parts.tokenizer, rows)),
        THRESHOLD: np.zeros(rows, "float32"),
        AUDIO_BYTES: _array([b""] * rows),
    }
    requests = {}
    for name, specs in signatures.items():
        if IMAGE_BYTES in specs or set(specs) == {PROMPT}:
            requests[name] = {key: drawn[key] if key in drawn else _zeros(spec, rows) for key, spec in specs.items()}
    return requests


def _array(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _zeros(spec, rows):
    return np.zeros((rows, *spec.shape[1:]), spec.dtype.as_numpy_dtype)


def _draw(number, size):
    """A file of smooth colours and noise: JPEG and PNG in turns."""
    generator = np.random.default_rng(number)
    small = Image.fromarray(generator.integers(0, 256, (5, 7, 3), "uint8"))
    pixels = np.asarray(small.resize(size[::-1], Image.Resampling.BICUBIC)).astype("int16")
    pixels = np.clip(pixels + generator.integers(-12, 13, (*size, 3)), 0, 255).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG" if number % 2 else "JPEG")
    return file.getvalue()


def _prompts(tokenizer, count):
    """Words that the model knows, one prompt longer than the one before."""
    words = list(getattr(tokenizer, "vocabulary", None) or ("the", "large", "red", "car"))
    words = [word for word in words if word.isalpha()] or ["the"]
    return [" ".join(words[number : 2 * number + 1] or words[:1]).encode() for number in range(count)]
