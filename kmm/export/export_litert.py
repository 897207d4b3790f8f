"""Writing a model as a LiteRT file, once called TensorFlow Lite."""

import pathlib
import tempfile

import tensorflow as tf

from kmm.export.export_file import MAX_DIFFERENCE, export_file
from kmm.export.save_function import save_function

QUANTIZATIONS = ("none", "dynamic")


def export_litert(
    model,
    path,
    tokenizer=None,
    threshold=0.5,
    class_names=(),
    min_equal=0.999,
    samples=None,
    quantize="none",
):
    """Writes a model as a LiteRT file (TensorFlow Lite's), for telephones and small computers, and checks it there.

    Inputs and outputs are those that `export_onnx` describes, by name in the signature `serving_default`; beside the
    file lies `<path>.json` with the tokenizer and the rest. It holds LiteRT's own operations only. The batch may have
    any size.

    With `quantize="dynamic"` the weights become int8, a quarter of the size, and what flows between the layers stays
    float32. Some pixels differ then: `compared_with_keras` in the JSON file says how many, and `min_equal` how many
    may.

    Needs `pip install "kmm[litert]"`.

    Args:
        path: the file to write, such as "model.tflite".
        quantize: "none" or "dynamic".
        model, tokenizer, threshold, class_names, min_equal, samples: see `kmm.export.export_onnx`.

    Returns:
        path of the written file.

    Raises:
        FileExistsError: there is such a file.
        ImportError: LiteRT is missing.
        RuntimeError, ValueError: as in `kmm.export.export_onnx`, and for another `quantize`.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=4)
    >>> model = kmm.models.build_preset("light", prompt_tokenizer=tokenizer, image_size=(32, 32))
    >>> path = kmm.export.export_litert(model, "model.tflite")  # doctest: +SKIP
    """
    if quantize not in QUANTIZATIONS:
        raise ValueError(f"quantize must be one of {QUANTIZATIONS}. Received: quantize={quantize!r}.")
    _require_litert()
    return export_file(
        model,
        path,
        ".tflite",
        _quantized if quantize == "dynamic" else _plain,
        open_litert,
        tokenizer,
        threshold,
        class_names,
        min_equal,
        max_difference=None if quantize == "dynamic" else MAX_DIFFERENCE,
        samples=samples,
        details={"quantize": quantize},
    )


def open_litert(path, num_threads=None):
    """Loads a LiteRT file, on the CPU.

    Args:
        path: the file.
        num_threads: threads of one run; `None` for LiteRT's default.

    Returns:
        a function from a dict of inputs to a dict of outputs, arrays all.
    """
    interpreter = _require_litert().Interpreter(str(path), num_threads=num_threads)
    runner = interpreter.get_signature_runner("serving_default")
    return lambda inputs: runner(**inputs)


def _plain(function, path):
    _convert(function, path, ())


def _quantized(function, path):
    _convert(function, path, (tf.lite.Optimize.DEFAULT,))


def _convert(function, path, optimizations):
    with tempfile.TemporaryDirectory() as folder:
        save_function(function, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = list(optimizations)
        pathlib.Path(path).write_bytes(converter.convert())


def _require_litert():
    try:
        from ai_edge_litert import interpreter
    except ImportError as error:
        raise ImportError('LiteRT files need LiteRT. Run: pip install "kmm[litert]".') from error
    return interpreter
