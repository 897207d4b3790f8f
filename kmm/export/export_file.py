"""What the exports to single files share: conversion, the check on the runtime, and a safe place on the disk."""

import json
import logging
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.export.compare_answers import compare_answers, sample_inputs
from kmm.export.model_facts import check_class_names, check_threshold, describe_tokenizer, num_classes_of
from kmm.export.tensor_function import LOGITS, tensor_function
from kmm.export.version_folder import unfinished_folder
from kmm.export.with_compute_dtype import with_compute_dtype
from kmm.preprocessing.mask_outputs import segmentation_logits
from kmm.preprocessing.tokenizer_for import tokenizer_for
from kmm.version import __version__

MAX_DIFFERENCE = 1e-3
"""Largest difference of two logits, as a share of the largest logit; float32 kernels differ by about 1e-6."""


def export_file(
    model,
    path,
    suffix,
    convert,
    open_file,
    tokenizer=None,
    threshold=0.5,
    class_names=(),
    min_equal=0.999,
    max_difference=MAX_DIFFERENCE,
    samples=None,
    details=None,
):
    """Writes a model in another format, runs it there, and shows the file only if its answers are the model's.

    Args:
        model, path, tokenizer, threshold, class_names, min_equal, samples: see `kmm.export.export_onnx`.
        suffix: how the file's name ends, such as ".onnx".
        convert: function `(function, path)` that writes a `tensor_function` to `path`, a place in an empty folder.
        open_file: function from the path of a written file to a function that runs it, from a dict of inputs to a dict
            of outputs.
        max_difference: largest difference of two logits, as a share of the largest; `None` for any.
        details: a dict of what else the JSON file beside it says, or `None`.

    Returns:
        path of the written file.

    Raises:
        FileExistsError: there is such a file.
        RuntimeError: the file does not answer as the Keras model does.
        ValueError: the name ends otherwise, or the model cannot be converted.
    """
    path = pathlib.Path(path)
    if path.suffix != suffix:
        raise ValueError(f"The file's name must end in {suffix!r}. Received: path={str(path)!r}. Rename it.")
    _check_free([path, path.with_name(f"{path.name}.json")])
    tokenizer = tokenizer_for(model, tokenizer)
    _check_words(model, suffix)
    check_threshold(threshold)
    num_classes = num_classes_of(model)
    check_class_names(class_names, num_classes)
    if any(layer.compute_dtype in ("bfloat16", "float16") for layer in model._flatten_layers()):
        model = with_compute_dtype(model, "float32")
    function = tensor_function(model, getattr(tokenizer, "sequence_length", None))
    specs = function.input_signature[0]
    samples = samples or sample_inputs(specs, getattr(tokenizer, "vocabulary_size", None))
    samples = {name: np.asarray(samples[name], spec.dtype.as_numpy_dtype) for name, spec in specs.items()}
    expected = _answer_of_keras(model, samples)

    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished_folder(path.parent) as unfinished:
        written = unfinished / path.name
        found = _convert_and_compare(model, function, written, convert, open_file, expected, samples, threshold)
        _check_answers(found, min_equal, max_difference, suffix)
        about = {
            "name": model.name,
            "num_classes": num_classes,
            "class_names": list(class_names),
            "image_size": list(specs[feature_keys.IMAGES].shape[1:3]),
            "threshold": threshold if num_classes == 1 else None,
            "inputs": {name: [spec.dtype.name, list(spec.shape)] for name, spec in specs.items()},
            "tokenizer": describe_tokenizer(tokenizer),
            "compared_with_keras": found,
            "versions": {"kmm": __version__, "keras": keras.__version__, "tensorflow": tf.__version__},
            **(details or {}),
        }
        (unfinished / f"{path.name}.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
        # The file that is opened comes last, when all that belongs to it is there.
        parts = sorted(unfinished.iterdir(), key=lambda part: part.name == path.name)
        _check_free([path.parent / part.name for part in parts])
        for part in parts:
            os.replace(part, path.parent / part.name)
    return path


def _answer_of_keras(model, samples):
    """The logits of the model itself, and not of our function."""
    dtypes = {tensor.name: tensor.dtype for tensor in model.inputs}
    inputs = {name: tf.cast(value, dtypes[name]) for name, value in samples.items()}
    return tf.cast(segmentation_logits(model(inputs, training=False)), "float32").numpy()


def _convert_and_compare(model, function, path, convert, open_file, expected, samples, threshold):
    loggers = [logging.getLogger(name) for name in ("tensorflow", "tf2onnx")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:  # they tell about their own affairs
            logger.setLevel(logging.ERROR)
        convert(function, path)
        run = open_file(path)
    except ImportError:
        raise
    except Exception as error:  # every converter and runtime has errors of its own
        raise ValueError(
            f"This model cannot be written as a {path.suffix} file: the converter or the runtime refuses a part of it. "
            f"Received: {_parts(model)}. Its words: {_shorten(error)} Choose other parts, or write a SavedModel with "
            "export_saved_model, which takes all."
        ) from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    return compare_answers(lambda inputs: run(inputs)[LOGITS], expected, samples, threshold)


def _check_free(paths):
    existing = [str(path) for path in paths if path.exists()]
    if existing:
        raise FileExistsError(
            f"An export never replaces a file. Received: the files to write, of which there is {existing}. "
            "Choose another name, or remove them first."
        )


def _check_words(model, suffix):
    if feature_keys.PROMPTS in [tensor.name for tensor in model.inputs]:
        raise ValueError(
            f"A model in the format {suffix!r} reads token ids, as its runtime knows no strings. Received: "
            f"{_parts(model)}, whose text encoder reads the prompts themselves. Train it with "
            "kmm.encoders.LSTMTextEncoder, GRUTextEncoder, TransformerTextEncoder or PooledTextEncoder and a "
            "kmm.preprocessing.PromptTokenizer, or write a SavedModel with export_saved_model."
        )


def _check_answers(found, min_equal, max_difference, suffix):
    too_far = max_difference is not None and not found["max_difference"] <= max_difference
    if found["equal_pixels"] < min_equal or too_far:
        raise RuntimeError(
            f"The {suffix} file must answer as the Keras model does, so it was removed. Received: a share of equal "
            f"pixels of {found['equal_pixels']:.5f}, at least {min_equal}; a largest difference of logits of "
            f"{found['max_difference']:.2g} of the largest logit, at most {max_difference or 'any'}. Take pictures of "
            "your own as `samples`, or a lower `min_equal` if the loss is worth it to you."
        )


def _parts(model):
    """The names of a model's parts, for readers."""
    parts = [getattr(model, name, None) for name in ("image_encoder", "decoder")]
    for name in ("context_encoders", "fusions", "heads"):
        parts += getattr(model, name, {}).values()
    return ", ".join(dict.fromkeys(type(part).__name__ for part in parts if part is not None)) or type(model).__name__


def _shorten(error, max_length=400):
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= max_length else f"{text[:max_length]}..."
