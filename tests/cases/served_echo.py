"""What a server serves in tests: a session that is none, and a SavedModel of a few operations."""

import threading
import types

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from kmm.serving.server.served_version import ServedVersion


def signature(inputs, outputs):
    """A `SignatureDef` from dicts of names to (dtype, sizes after the batch axis)."""
    message = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
    for names, infos in ((inputs, message.inputs), (outputs, message.outputs)):
        for name, (dtype, sizes) in names.items():
            infos[name].dtype = types_pb2.DataType.Value(f"DT_{dtype.upper()}")
            for size in (-1, *sizes):
                infos[name].tensor_shape.dim.add().size = size
    return message


ECHO = signature(
    {"text": ("string", ()), "numbers": ("float", (2,))}, {"text_bytes": ("string", ()), "doubled": ("float", (2,))}
)


class EchoSession:
    """Gives back its strings and the double of its numbers; "bad" among the strings makes the run fail.

    `release` holds runs back while it is not set; `runs` lists the rows of each run, `fetched` the outputs.
    """

    def __init__(self):
        self.signatures = {"serving_default": ECHO, "other": ECHO}
        self.release = threading.Event()
        self.release.set()
        self.runs, self.fetched = [], []
        self.closed = False

    def run(self, inputs, signature_name="serving_default", output_names=None):
        self.release.wait(10)
        self.runs.append(len(inputs["text"]))
        self.fetched.append(output_names)
        if b"bad" in list(inputs["text"]):
            raise tf.errors.InvalidArgumentError(None, None, "a bad row\n\t [[{{node x}}]]")
        if b"bug" in list(inputs["text"]):
            raise RuntimeError("a bug")
        outputs = {"text_bytes": inputs["text"], "doubled": 2 * inputs["numbers"]}
        return {name: outputs[name] for name in output_names or outputs}

    def close(self):
        self.closed = True


def echo_version(number=1):
    """An available version with an `EchoSession`."""
    version = ServedVersion(number, "nowhere")
    version.session, version.state = EchoSession(), "AVAILABLE"
    return version


def echo_versions(version, name="kmm"):
    """What stands for `ModelVersions` with that one version."""
    return types.SimpleNamespace(
        name=name,
        versions={version.number: version},
        available=[version.number],
        find=lambda number=None, label=None: version,
        number_of_label=lambda label: version.number,
    )


def echo_inputs(*texts):
    """Inputs of the echo, a row for each text."""
    texts = np.array([text.encode() for text in texts], object)
    return {"text": texts, "numbers": np.arange(2 * len(texts), dtype="float32").reshape(-1, 2)}


def write_echo(folder, factor=2.0):
    """Writes a SavedModel with the signature of the echo."""
    module = tf.Module()
    specs = [tf.TensorSpec([None], tf.string, "text"), tf.TensorSpec([None, 2], tf.float32, "numbers")]
    module.echo = tf.function(
        lambda text, numbers: {
            "text_bytes": tf.identity(text),
            "doubled": factor * tf.ensure_shape(numbers, (None, 2)),
        },
        input_signature=specs,
    )
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.echo})
    return folder
