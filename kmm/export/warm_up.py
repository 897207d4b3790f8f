"""Requests that a server answers before it shows a version, so that the first client need not wait."""

import tensorflow as tf

WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests"


def write_warm_up(folder, requests):
    """Writes one `PredictionLog` record for each request, where TensorFlow Serving looks for them.

    A server that cannot answer one of them refuses the version, so `export_saved_model` replays them.

    Args:
        folder: of the SavedModel.
        requests: dict from endpoint name to a dict of arrays with a batch axis; the first row of each is sent.

    Example:

    >>> import numpy as np, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_warm_up(folder, {"serving_default": {"x": np.zeros((1, 3), "float32")}})
    ...     (pathlib.Path(folder) / WARM_UP_FILE).is_file()
    True
    """
    from tensorflow_serving.apis import prediction_log_pb2

    path = f"{folder}/{WARM_UP_FILE}"
    tf.io.gfile.makedirs(f"{folder}/assets.extra")
    with tf.io.TFRecordWriter(path) as writer:
        for endpoint, inputs in requests.items():
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.model_spec.signature_name = endpoint
            for name, values in inputs.items():
                log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(values[:1]))
            writer.write(log.SerializeToString())
