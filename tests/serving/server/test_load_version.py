import hashlib
import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

import kmm.serving.server.load_version as module
from kmm.serving.server.load_version import CHECKSUM_FILE, WARMUP_FILE, load_version
from tests.cases.served_echo import echo_inputs, write_echo


@pytest.fixture
def version(tmp_path):
    write_echo(tmp_path / "1")
    (tmp_path / "1" / "assets.extra").mkdir()
    return tmp_path / "1"


def write_records(version, *logs):
    with tf.io.TFRecordWriter(str(version / WARMUP_FILE)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def predict_log(numbers=(1, 2), **fields):
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([b"a"]))
    request.inputs["numbers"].CopyFrom(tf.make_tensor_proto(np.array([numbers], "float32")))
    request.output_filter.extend(fields.get("outputs", ()))
    request.model_spec.signature_name = fields.get("signature_name", "")
    return log


def test_a_version_with_warm_up_and_sums(version):
    write_records(version, predict_log(), predict_log(outputs=["doubled"], signature_name="serving_default"))
    files = [path for path in version.rglob("*") if path.is_file()]
    sums = {str(path.relative_to(version)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (version / CHECKSUM_FILE).write_text(json.dumps(sums))
    session = load_version(version, threads=1)
    np.testing.assert_array_equal(session.run(echo_inputs("a"))["doubled"], [[0, 2]])
    session.close()


def test_a_plain_saved_model(version):
    session = load_version(version)
    np.testing.assert_array_equal(session.run(echo_inputs("a"))["doubled"], [[0, 2]])
    session.close()


@pytest.mark.parametrize(
    ("log", "error", "words"),
    [
        (predict_log(numbers=(1, 2, 3)), tf.errors.InvalidArgumentError, "is not compatible"),
        (predict_log(signature_name="x"), ValueError, "signature_name must be one of"),
        (prediction_log_pb2.PredictionLog(), ValueError, "must hold requests of predictions. Received: None"),
    ],
)
def test_a_warm_up_request_that_fails(version, log, error, words):
    write_records(version, predict_log(), log)
    with pytest.raises(error, match=words):
        load_version(version)


def test_cut_warm_up_requests(version):
    write_records(version, predict_log())
    file = version / WARMUP_FILE
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(tf.errors.DataLossError, match="truncated"):
        load_version(version)


def test_a_changed_file(version):
    (version / CHECKSUM_FILE).write_text(json.dumps({"saved_model.pb": "0" * 64}))
    with pytest.raises(ValueError, match="saved_model.pb must have the SHA-256 sum that the export states, 000"):
        load_version(version)


def test_a_missing_file(version):
    (version / CHECKSUM_FILE).write_text(json.dumps({"assets/words": "0" * 64}))
    with pytest.raises(FileNotFoundError, match="words"):
        load_version(version)


def test_operations_for_texts_are_there_before_it_is_loaded(version, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "load_text_operations", lambda: calls.append("text"))
    monkeypatch.setattr(module, "SavedModelSession", lambda *arguments, **settings: calls.append("session"))
    load_version(version)
    assert calls == ["text", "session"]
