"""Loading a version of an export and making sure that it answers."""

import hashlib
import json
import pathlib

from kmm.export import SavedModelSession
from kmm.export.text_operations import load_text_operations

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
CHECKSUM_FILE = "assets.extra/sha256.json"


def load_version(path, threads=0):
    """Loads the SavedModel of a version, and runs the requests that it brings for warming up.

    Files whose SHA-256 sums the export states are compared with them first.

    Args:
        path: folder of the version.
        threads: how many threads TensorFlow uses for one operation and for independent operations; 0 takes one for
            each core.

    Returns:
        `SavedModelSession`.

    Raises:
        ValueError: a file is not the one that was exported, or a warm-up request is none of a prediction.
        tf.errors.OpError: TensorFlow does not load the version, or a warm-up request fails.
    """
    import tensorflow as tf

    path = pathlib.Path(path)
    _check_sums(path)
    load_text_operations()
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    session = SavedModelSession(path, config=config)
    try:
        _warm_up(session, path / WARMUP_FILE)
    except BaseException:
        session.close()
        raise
    return session


def _check_sums(path):
    if not (path / CHECKSUM_FILE).exists():
        return
    for name, expected in json.loads((path / CHECKSUM_FILE).read_text(encoding="utf-8")).items():
        with open(path / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ValueError(
                f"{path / name} must have the SHA-256 sum that the export states, {expected}. Received: {found}. "
                "The file was changed or damaged; copy or export the version again."
            )


def _warm_up(session, file):
    if not file.exists():
        return
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    from kmm.serving.server.tensor_protos import array_from_proto

    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        if log.WhichOneof("log_type") != "predict_log":
            raise ValueError(f"{file} must hold requests of predictions. Received: {log.WhichOneof('log_type')}.")
        request = log.predict_log.request
        inputs = {name: array_from_proto(name, proto) for name, proto in request.inputs.items()}
        session.run(inputs, request.model_spec.signature_name or "serving_default", list(request.output_filter) or None)
