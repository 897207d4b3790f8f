"""Run as a program, in a process of its own: does a folder answer as it must, where only TensorFlow is known?

`python check_saved_model.py FOLDER EXPECTED.npz` can import neither kmm nor Keras. It loads the folder as a server
does, looks for operations that a server cannot or must not run, replays the warm-up requests, and compares answers with
what `verify_export` has written down. It prints one line of JSON; what is wrong stands there as "error", and ends it
with exit code 1.
"""

import json
import pathlib
import sys

import numpy as np

if __name__ == "__main__":
    sys.modules.update({"keras": None, "kmm": None})  # TensorFlow itself would import Keras where it is installed
    from saved_model_session import SavedModelSession
    from text_operations import load_text_operations
else:
    from kmm.export.saved_model_session import SavedModelSession
    from kmm.export.text_operations import load_text_operations

import tensorflow as tf  # noqa: E402

FORBIDDEN = ("ReadFile", "WriteFile", "PrintV2", "PyFunc", "EagerPyFunc", "PyFuncStateless", "CudnnRNN")
"""How operations begin that read or write files, print, or need Python or a GPU."""


def main(folder, expected):
    """Check, and print what was found."""
    load_text_operations()
    expected = np.load(expected)
    with SavedModelSession(folder) as session:
        check_operations(session)
        replayed = replay(session, pathlib.Path(folder) / "assets.extra/tf_serving_warmup_requests")
        difference = compare_logits(session, expected)
        equal = compare_masks(session, expected)
    print(json.dumps({"equal_pixels": equal, "largest_difference": difference, "warm_up_requests": replayed}))


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
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        session.run(inputs, request.model_spec.signature_name)
        count += 1
    return count


def compare_logits(session, expected):
    """Largest difference of the logits from tensors, as a share of the largest logit."""
    right = expected["logits"]
    given = session.run(stored(expected, "tensor_"), "predict_tensors")["logits"]
    difference = float(np.abs(given - right).max() / max(np.abs(right).max(), 1e-6))
    if not difference <= expected["largest_difference"]:  # which nan is not either
        most = expected["largest_difference"]
        raise ValueError(f"Logits must differ by at most {most} of the largest. Received: {difference:.2g}.")
    return difference


def compare_masks(session, expected):
    """Smallest share of pixels that equal Keras' answer, among those that are not a toss-up, of all ways to ask."""
    inputs = stored(expected, "input_")
    answer = session.run(inputs)
    if set(answer["status"].tolist()) != {b"OK"}:
        raise ValueError(f"Every sample must be answered. Received: status={answer['status'].tolist()}.")
    shares = {"serving_default": share(expected, "mask", answer["mask"])}
    brightest = 255 if expected["logits"].shape[-1] == 1 else 1
    for row in range(expected["count"]):
        drawn = tf.io.decode_png(answer["mask_png_bytes"][row])[..., 0].numpy() // brightest
        shares[f"mask_png_bytes {row}"] = share(expected, f"own_mask_{row}", drawn)
    if "ask" in session.signatures:
        encoded = session.run({"image_bytes": inputs["image_bytes"]}, "encode_image")
        asked = session.signatures["ask"].inputs
        given = {name: encoded[name] if name in encoded else inputs[name] for name in asked}
        shares["ask"] = share(expected, "mask", session.run(given, "ask")["mask"])
    damaged = {name: np.concatenate([value[:1], value]) for name, value in inputs.items()}
    damaged["image_bytes"][0] = damaged["image_bytes"][0][:60]
    beside = session.run(damaged)
    if beside["status"][0] == b"OK" or set(beside["status"][1:]) != {b"OK"}:
        raise ValueError(f"A damaged picture alone must be told. Received: status={beside['status'].tolist()}.")
    shares["beside a damaged file"] = share(expected, "mask", beside["mask"][1:])
    name = min(shares, key=shares.get)
    if shares[name] < expected["smallest_share"]:
        raise ValueError(
            f"At least {expected['smallest_share']:.1%} of the pixels must be equal. Received: {shares[name]:.2%} of "
            f"{name}."
        )
    return shares[name]


def share(expected, name, mask):
    """Share of equal pixels; all where every pixel is a toss-up, since the logits were compared."""
    right, decided = expected[name], expected[f"decided_{name}"]
    if right.shape != mask.shape:
        raise ValueError(f"A mask must have the shape {right.shape}. Received: {mask.shape} of {name}.")
    return float(np.mean(right[decided] == mask[decided])) if decided.any() else 1.0


def stored(expected, prefix):
    """The arrays whose names begin so, strings as bytes."""
    arrays = {name[len(prefix) :]: expected[name] for name in expected.files if name.startswith(prefix)}
    return {name: from_bytes(array) if array.dtype.kind == "S" else array for name, array in arrays.items()}


def from_bytes(padded):
    """Strings that were stored with a byte more, since NumPy drops zeros at the end."""
    array = np.empty(len(padded), object)
    array[:] = [value[:-1] for value in padded.tolist()]
    return array


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, OSError, tf.errors.OpError) as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        sys.exit(1)
