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
from kmm.preprocessing import decode_image, masks_from_logits, prepare_images
from kmm.preprocessing.mask_outputs import segmentation_logits

SMALLEST_SHARE = 0.999
"""Of the pixels, that must be equal."""

TOSS_UP = 0.02
"""Pixels whose logits lie as near to the threshold, or to each other, may fall either way by rounding."""

SECONDS = 600
"""Longest time that a check may take."""


def verify_export(folder, parts, request, threshold):
    """Loads an export through TensorFlow's C++ session in a new process, as a server does, and compares.

    The process replays the warm-up requests, looks for operations that a server does not run, asks for sample pictures
    of different sizes in one batch, once more beside a damaged file, and imports neither kmm nor Keras.

    Args:
        folder: of the SavedModel.
        parts: the `ModelParts` that it was made from.
        request: arrays for `serving_default`.
        threshold: of a binary mask.

    Returns:
        dict of `equal_pixels`, the share of pixels equal to Keras' answer, and `warm_up_requests`, their number.

    Raises:
        RuntimeError: the export does not load, does not answer, or answers something else.
    """
    script = pathlib.Path(__file__).with_name("check_saved_model.py")
    with tempfile.TemporaryDirectory() as scratch:
        expected = pathlib.Path(scratch) / "expected.npz"
        np.savez(expected, **_expected(parts, request, threshold))
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, str(script), str(folder), str(expected)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(
            "An export must load in a server's session and answer as the Keras model does; this one was not kept. "
            f"Received: {said[-1]} Please report it, with the model's parts."
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


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
    logits = segmentation_logits(parts.model(inputs, training=False))
    logits = tf.cast(logits, "float32").numpy()
    if logits.shape[-1] == 1:
        margin = np.abs(logits[..., 0] - np.log(threshold / (1 - threshold)))
    else:
        ordered = np.sort(logits, axis=-1)
        margin = ordered[..., -1] - ordered[..., -2]
    return {
        "mask": masks_from_logits(logits, threshold=threshold).numpy(),
        "decided": margin > TOSS_UP,
        "sizes": [picture.shape[:2] for picture in pictures],
        "smallest_share": SMALLEST_SHARE,
        # NumPy drops zeros at the end of bytes: each string gets one more byte, which the reader takes away.
        **{f"input_{k}": [v + b"." for v in x] if x.dtype == object else x for k, x in request.items()},
    }
