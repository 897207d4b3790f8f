"""Whether an export answers as the Keras model does, asked in a process that knows neither kmm nor Keras."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.export.endpoints import IMAGE_BYTES, PROMPT
from kmm.export.model_card import compute_dtype_of
from kmm.preprocessing import decode_image, masks_from_logits, prepare_images
from kmm.preprocessing.mask_outputs import segmentation_logits

SMALLEST_SHARES = {"float32": 0.999, "bfloat16": 0.995}
"""Of the pixels, that must be equal, by the precision in which the model computes."""

LARGEST_DIFFERENCES = {"float32": 1e-3, "bfloat16": 0.2}
"""Of two logits, as a share of the largest one."""

TOSS_UPS = {"float32": 2e-3, "bfloat16": 2e-2}
"""Share of the largest logit: pixels as near to the threshold, or to two classes, may fall either way by rounding."""

SECONDS = 600
"""Longest time that a check may take."""


def verify_export(folder, parts, request, threshold):
    """Loads an export through TensorFlow's C++ session in a new process, as a server does, and compares.

    The process can import neither kmm nor Keras. It replays the warm-up requests, looks for operations that a server
    does not run, and asks for sample pictures of different sizes in one batch: their logits from tensors, their masks
    at the model's size and in PNG files at their own, the same by encoding first and asking then, and all of it once
    more beside a damaged file.

    Args:
        folder: of the SavedModel.
        parts: the `ModelParts` that it was made from.
        request: arrays for `serving_default`.
        threshold: of a binary mask.

    Returns:
        dict of `equal_pixels`, the share of pixels equal to Keras' answer, `largest_difference` of two logits as a
        share of the largest, and `warm_up_requests`, their number.

    Raises:
        RuntimeError: the export does not load, does not answer in time, or answers something else; or the model's own
            logits are no finite numbers.
    """
    script = pathlib.Path(__file__).with_name("check_saved_model.py")
    with tempfile.TemporaryDirectory() as scratch:
        expected = pathlib.Path(scratch) / "expected.npz"
        np.savez(expected, **_expected(parts, request, threshold))
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, str(script), str(folder), str(expected)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise RuntimeError(
                f"An export must answer within {SECONDS} seconds; this one was not kept. Try a smaller model."
            ) from None
    told = (done.stdout.strip().splitlines() or ["{}"])[-1]
    found = json.loads(told) if told.startswith("{") else {}
    if done.returncode or not found:
        lines = done.stderr.strip().splitlines()[-8:] or [f"exit code {done.returncode}"]
        said = found.get("error", "\n".join(lines))
        raise RuntimeError(
            "An export must load in a server's session and answer as the Keras model does; this one was not kept. "
            f"Received: {said} Please report it, with the model's parts."
        )
    return found


def _expected(parts, request, threshold):
    """The samples, and what Keras says of them."""
    files = list(request[IMAGE_BYTES])
    pictures = [decode_image(tf.constant(content)) for content in files]
    inputs = {name: tf.constant(value) for name, value in request.items() if name in parts.context_specs}
    inputs |= parts.tokenize(tf.constant(list(request[PROMPT]))) if PROMPT in request else {}
    if feature_keys.WAVEFORMS in parts.context_specs:
        inputs[feature_keys.WAVEFORMS] = tf.zeros((len(files), *parts.context_specs[feature_keys.WAVEFORMS].shape[1:]))
    inputs[feature_keys.IMAGES] = tf.stack([prepare_images(picture, parts.image_size) for picture in pictures])
    inputs = {tensor.name: tf.cast(inputs[tensor.name], tensor.dtype) for tensor in parts.model.inputs}
    logits = tf.cast(segmentation_logits(parts.model(inputs, training=False)), "float32").numpy()
    if not np.isfinite(logits).all():
        raise RuntimeError(
            "A model's logits must be finite numbers; this one is not exported. Received: nan or infinity for the "
            "sample pictures. Train it again, with a lower learning rate."
        )
    dtype = compute_dtype_of(parts.model)
    expected = {
        "logits": logits,
        "largest_difference": LARGEST_DIFFERENCES[dtype],
        "smallest_share": SMALLEST_SHARES[dtype],
        "count": len(files),
    }
    near = TOSS_UPS[dtype] * np.abs(logits).max()
    own_sizes = [tf.image.resize(row, picture.shape[:2]).numpy() for row, picture in zip(logits, pictures, strict=True)]
    for name, rows in (("mask", [logits]), *((f"own_mask_{i}", [row]) for i, row in enumerate(own_sizes))):
        expected[name] = masks_from_logits(rows[0], threshold=threshold).numpy()
        expected[f"decided_{name}"] = _margin(rows[0], threshold) > near
    tensors = {name: np.asarray(tf.cast(value, _border_dtype(value))) for name, value in inputs.items()}
    return {**expected, **_stored("input_", request), **_stored("tensor_", tensors)}


def _margin(logits, threshold):
    """How far the logits of each pixel are from another answer."""
    if logits.shape[-1] == 1:
        return np.abs(logits[..., 0] - np.log(threshold / (1 - threshold)))
    ordered = np.sort(logits, axis=-1)
    return ordered[..., -1] - ordered[..., -2]


def _border_dtype(value):
    return {"bool": "uint8", "uint8": "float32"}.get(value.dtype.name, value.dtype.name)


def _stored(prefix, arrays):
    """Arrays by name; NumPy drops zeros at the end of bytes, so strings get one more byte, which the reader drops."""
    return {
        f"{prefix}{name}": [value + b"." for value in array.tolist()] if array.dtype == object else array
        for name, array in arrays.items()
    }
