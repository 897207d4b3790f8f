"""Run as a program, in a process of its own: does a folder answer as it must, where only TensorFlow is known?

`python check_saved_model.py FOLDER EXPECTED.npz` can import neither kmm nor Keras. It loads the folder as a server
does, looks for operations that a server cannot or must not run, replays the warm-up requests, and compares answers with
what `verify_export` has written down. It prints one line of JSON; what is wrong ends it with a message and exit code 1.
"""

import json
import pathlib
import sys

import numpy as np

if __name__ == "__main__":
    sys.modules.update({"keras": None, "kmm": None})  # TensorFlow itself would import Keras where it is installed
    from saved_model_session import SavedModelSession
else:
    from kmm.export.saved_model_session import SavedModelSession

import tensorflow as tf  # noqa: E402

FORBIDDEN = ("ReadFile", "WriteFile", "PrintV2", "PyFunc", "EagerPyFunc", "PyFuncStateless", "CudnnRNN")
"""How operations begin that read or write files, print, or need Python or a GPU."""


def main(folder, expected):
    """Check, and print what was found."""
    expected = np.load(expected)
    with SavedModelSession(folder) as session:
        check_operations(session)
        replayed = replay(session, pathlib.Path(folder) / "assets.extra/tf_serving_warmup_requests")
        equal = compare(session, expected)
    print(json.dumps({"equal_pixels": equal, "warm_up_requests": replayed}))


def check_operations(session):
    """Refuses operations that a server cannot or must not run."""
    graph = session.meta_graph.graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    found = sorted({node.op for node in nodes if node.op.startswith(FORBIDDEN)})
    compiled = [f.signature.name for f in graph.library.function if f.attr["_XlaMustCompile"].b]
    if found or compiled:
        raise ValueError(f"A server does not run these. Received: operations={found}, compiled functions={compiled}.")


def replay(session, path):
    """Number of warm-up requests, all of which the session has answered."""
    from tensorflow_serving.apis import prediction_log_pb2

    count = 0
    for record in tf.compat.v1.io.tf_record_iterator(str(path)):
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        session.run(inputs, request.model_spec.signature_name)
        count += 1
    return count


def compare(session, expected):
    """Share of pixels that equal Keras' answer, among those that are not a toss-up."""
    inputs = {name[len("input_") :]: expected[name] for name in expected.files if name.startswith("input_")}
    inputs = {name: from_bytes(value) if value.dtype.kind == "S" else value for name, value in inputs.items()}
    answer = session.run(inputs)
    if set(answer["status"].tolist()) != {b"OK"}:
        raise ValueError(f"Every sample must be answered. Received: status={answer['status'].tolist()}.")
    for row, size in enumerate(expected["sizes"]):
        drawn = tf.io.decode_png(answer["mask_png_bytes"][row]).shape[:2]
        if tuple(drawn) != tuple(size):
            raise ValueError(f"A PNG answer must have its picture's size, {tuple(size)}. Received: {tuple(drawn)}.")
    decided = expected["decided"]
    equal = float(np.mean(answer["mask"][decided] == expected["mask"][decided])) if decided.any() else 1.0
    if equal < expected["smallest_share"]:
        raise ValueError(
            f"At least {expected['smallest_share']:.1%} of the pixels must be equal. Received: {equal:.2%}."
        )
    damaged = {name: value[:1] for name, value in inputs.items()}
    damaged["image_bytes"] = np.array([damaged["image_bytes"][0][:60]], object)
    neighbours = {name: np.concatenate([damaged[name], inputs[name]]) for name in inputs}
    status = session.run(neighbours)["status"].tolist()
    if status[0] == b"OK" or set(status[1:]) != {b"OK"}:
        raise ValueError(f"A damaged picture must be told, and its neighbours answered. Received: status={status}.")
    return equal


def from_bytes(padded):
    """Strings that were stored with a byte more, since NumPy drops zeros at the end."""
    array = np.empty(len(padded), object)
    array[:] = [value[:-1] for value in padded.tolist()]
    return array


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, OSError, tf.errors.OpError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
