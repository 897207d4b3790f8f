"""Writing a model for OpenVINO."""

import tempfile

from kmm.export.export_file import export_file
from kmm.export.save_function import save_function


def export_openvino(model, path, tokenizer=None, threshold=0.5, class_names=(), min_equal=0.999, samples=None):
    """Writes a model for OpenVINO, Intel's runtime, and checks it there.

    Two files, `<name>.xml` and `<name>.bin`, with inputs and outputs as `export_onnx` describes them, and beside them
    `<name>.xml.json` with the tokenizer and the rest. The weights are float32. The batch may have any size.

    On a CPU with bfloat16 units OpenVINO computes in bfloat16 unless it is told otherwise: it is faster, and some
    pixels in ten thousand differ. The check runs in float32, as
    `openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})` does.

    Needs `pip install "kmm[openvino]"`.

    Args:
        path: the file to write, such as "model.xml".
        model, tokenizer, threshold, class_names, min_equal, samples: see `kmm.export.export_onnx`.

    Returns:
        path of the written file.

    Raises:
        FileExistsError: there is such a file.
        ImportError: OpenVINO is missing.
        RuntimeError, ValueError: as in `kmm.export.export_onnx`.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=4)
    >>> model = kmm.models.build_preset("light", prompt_tokenizer=tokenizer, image_size=(32, 32))
    >>> path = kmm.export.export_openvino(model, "model.xml")  # doctest: +SKIP
    """
    _require_openvino()
    return export_file(
        model, path, ".xml", _convert, open_openvino, tokenizer, threshold, class_names, min_equal, samples=samples
    )


def open_openvino(path, num_threads=None, precision="f32"):
    """Loads a file with OpenVINO, on the CPU.

    Args:
        path: the `.xml` file.
        num_threads: threads of one run; `None` leaves it to OpenVINO.
        precision: "f32", "bf16", or `None` for what OpenVINO chooses on this machine.

    Returns:
        a function from a dict of inputs to a dict of outputs, arrays all.
    """
    openvino = _require_openvino()
    options = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": num_threads}
    options = {name: value for name, value in options.items() if value is not None}
    compiled = openvino.compile_model(str(path), "CPU", options)
    names = [output.any_name for output in compiled.outputs]

    def run(inputs):
        outputs = compiled(inputs)
        return {name: outputs[name] for name in names}

    return run


def _convert(function, path):
    openvino = _require_openvino()
    with tempfile.TemporaryDirectory() as folder:
        save_function(function, folder)
        # Unlike openvino.convert_model this reports nothing to anyone.
        converted = openvino.Core().read_model(folder)
    openvino.save_model(converted, str(path), compress_to_fp16=False)


def _require_openvino():
    try:
        import openvino
    except ImportError as error:
        raise ImportError('OpenVINO files need OpenVINO. Run: pip install "kmm[openvino]".') from error
    return openvino
