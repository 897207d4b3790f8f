"""Writing a model as an ONNX file."""

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from kmm.export.export_file import export_file

OPSET = 18
"""The version of ONNX' set of operations; newer runtimes read older ones."""


def export_onnx(model, path, tokenizer=None, threshold=0.5, class_names=(), min_equal=0.999, samples=None):
    """Writes a model as an ONNX file for ONNX Runtime, from browsers to servers, and checks it there.

    The file takes tensors, not files and words: `images` float32 `(batch, height, width, 3)` in [0, 255] at the model's
    size, and where the model reads words `token_ids` int32 and `padding_mask` uint8, both `(batch, sequence_length)`.
    It gives `logits` float32 `(batch, height, width, channels)`: of one channel the sigmoid is the probability that a
    pixel belongs to what the prompt names, of more the largest is the pixel's class. The batch may have any size.

    Beside it lies `<path>.json` with what a client needs: the tokenizer and its vocabulary, the picture's size, the
    class names, the threshold, and how the file compared with Keras. Of a `PromptTokenizer`, word `i` of the vocabulary
    is the id `i + 2`, 1 is any other word and 0 is padding, at the end.

    A model of mixed precision is written in float32. Recurrent text encoders are unrolled; encoders that read strings
    cannot be written. Only a file that gives the masks of the Keras model appears under its name; nothing is replaced.

    Needs `pip install "kmm[onnx]"`.

    Args:
        model: a `MultimodalModel`, or another functional model with the same names of inputs.
        path: the file to write, such as "model.onnx".
        tokenizer: a tokenizer such as `PromptTokenizer`; `None` takes `model.prompt_tokenizer`.
        threshold: probability above which a pixel belongs to a binary mask; for the check, and noted beside the file.
        class_names: names of the classes, in the order of their ids, to note beside the file.
        min_equal: share of the mask's pixels that must be equal to the Keras model's.
        samples: a dict from input name to array, what the two are asked; `None` makes pictures and prompts up.

    Returns:
        path of the written file.

    Raises:
        FileExistsError: there is such a file.
        ImportError: tf2onnx or ONNX Runtime is missing.
        RuntimeError: the written file does not answer as the model does. It is not kept.
        ValueError: the name ends otherwise, or the model reads strings or has a part that ONNX cannot hold.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "circle"], sequence_length=4)
    >>> model = kmm.models.build_preset("light", prompt_tokenizer=tokenizer, image_size=(32, 32))
    >>> path = kmm.export.export_onnx(model, "model.onnx")  # doctest: +SKIP
    """
    _require_onnx()
    return export_file(
        model, path, ".onnx", _convert, open_onnx, tokenizer, threshold, class_names, min_equal, samples=samples
    )


def open_onnx(path, num_threads=None):
    """Loads an ONNX file with ONNX Runtime, on the CPU.

    Args:
        path: the file.
        num_threads: threads of one run; `None` for one for each core.

    Returns:
        a function from a dict of inputs to a dict of outputs, arrays all.
    """
    onnxruntime = _require_onnx()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads or 0
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


def _convert(function, path):
    import tf2onnx

    endpoint = function.get_concrete_function()
    frozen = convert_variables_to_constants_v2(endpoint, lower_control_flow=False, aggressive_inlining=True)
    inputs, outputs = ([tensor.name for tensor in tensors] for tensors in (frozen.inputs, frozen.outputs))
    names = [spec.name for spec in tf.nest.flatten(function.input_signature)] + sorted(endpoint.structured_outputs)
    tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(add_shapes=True),
        input_names=inputs,
        output_names=outputs,
        opset=OPSET,
        custom_op_handlers={"Erfc": (_write_erfc, [])},
        tensors_to_rename=dict(zip(inputs + outputs, names, strict=True)),
        output_path=str(path),
    )


def _write_erfc(context, node, name, args):
    """1 - erf(x), as ONNX has no erfc; GELU asks for it."""
    node.type = "Erf"
    one = context.make_const(f"{name}_one", np.ones((), "float32")).output[0]
    erf = node.output[0]
    difference = context.insert_new_node_on_output("Sub", erf, inputs=[one, erf], name=f"{name}_from_one")
    context.copy_shape(erf, difference.output[0])


def _require_onnx():
    try:
        import onnxruntime
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise ImportError('ONNX files need tf2onnx and ONNX Runtime. Run: pip install "kmm[onnx]".') from error
    return onnxruntime
