import asyncio
import threading

import numpy as np
import pytest
import tensorflow as tf

import kmm.serving.server.predictor as predictor_module
from kmm.serving.server.batcher import Batcher
from kmm.serving.server.predictor import Predictor
from kmm.serving.server.request_error import RequestError
from kmm.serving.server.server_metrics import ServerMetrics
from tests.cases.served_echo import echo_inputs, echo_version, echo_versions


def ask(*texts, outputs=(), signature_name="serving_default", name="kmm", inputs=None, num_bytes=0):
    """The answer of a predictor, and its metrics."""
    version, metrics = echo_version(3), ServerMetrics()
    batcher = Batcher()
    predictor = Predictor(echo_versions(version), batcher, metrics, max_rows=4)

    def read(signature_of):
        signature_of(signature_name)
        return signature_name, echo_inputs(*texts) if inputs is None else inputs, outputs

    async def main():
        with predictor.observed("rest", "predict"):
            return await predictor.predict(name, None, None, read, num_bytes)

    try:
        return asyncio.run(main()), metrics.page().decode()
    except RequestError as error:
        return error, metrics.page().decode()
    finally:
        batcher.close()
        assert version.users == 0


def counted(code):
    return f'kmm_requests_total{{code="{code}",method="predict",transport="rest"}} 1.0'


def test_an_answer():
    (outputs, version, signature_name), page = ask("a", "b")
    assert list(outputs) == ["doubled", "text_bytes"] and version.number == 3 and signature_name == "serving_default"
    np.testing.assert_array_equal(outputs["doubled"], [[0, 2], [4, 6]])
    assert counted("OK") in page


def test_outputs_come_in_the_order_asked_for():
    (outputs, version, _), _ = ask("a", outputs=("text_bytes",))
    assert list(outputs) == ["text_bytes"]
    assert version.session.fetched == [("doubled", "text_bytes")], "another choice would make TensorFlow start anew"


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"name": "x"}, "NOT_FOUND", "Servable not found for request: Latest(x)"),
        ({"signature_name": "x"}, "FAILED_PRECONDITION", 'Serving signature name: "x" not found in signature def'),
        ({"outputs": ("x",)}, "INVALID_ARGUMENT", "x Outputs expected to be in the set {doubled,text_bytes}"),
        ({"outputs": ("doubled", "doubled")}, "INVALID_ARGUMENT", "duplicate output tensor alias"),
        ({"inputs": {}}, "INVALID_ARGUMENT", "input size does not match signature"),
        ({"inputs": echo_inputs("bad")}, "INVALID_ARGUMENT", "a bad row"),
        ({"inputs": echo_inputs("bug")}, "INTERNAL", "The server failed; its log says why."),
    ],
)
def test_what_cannot_be_answered(settings, code, words, caplog):
    error, page = ask("a", **settings)
    assert error.code == code and words in str(error) and counted(code) in page
    assert ("a bug" in caplog.text) == (code == "INTERNAL")


def test_failures_of_the_model_are_logged(caplog):
    predictor = Predictor(echo_versions(echo_version()), None, ServerMetrics())
    with pytest.raises(RequestError, match="out of disk") as caught, predictor.observed("rest", "predict"):
        raise tf.errors.DataLossError(None, None, "out of disk")
    assert caught.value.code == "DATA_LOSS" and "the model failed: out of disk" in caplog.text


def test_a_cancelled_request_is_counted():
    metrics = ServerMetrics()
    predictor = Predictor(echo_versions(echo_version()), None, metrics)
    with pytest.raises(asyncio.CancelledError, match="gone"), predictor.observed("rest", "predict"):
        raise asyncio.CancelledError("gone")
    assert counted("CANCELLED") in metrics.page().decode()


def test_statuses():
    versions = echo_versions(echo_version(3))
    versions.versions[5] = echo_version(5)
    predictor = Predictor(versions, None, None)
    assert [status["version"] for status in predictor.statuses("kmm")] == ["5", "3"]
    assert [status["version"] for status in predictor.statuses("kmm", 3)] == ["3"]
    assert [status["version"] for status in predictor.statuses("kmm", label="stable")] == ["3"]
    with pytest.raises(RequestError, match="Could not find version 9 of model kmm"):
        predictor.statuses("kmm", 9)
    with pytest.raises(RequestError, match="Could not find any versions of model x"):
        predictor.statuses("x")
    versions.versions.clear()
    with pytest.raises(RequestError, match="Could not find any versions of model kmm"):
        predictor.statuses("kmm")


def test_long_messages_are_read_beside_the_event_loop(monkeypatch):
    threads = []
    monkeypatch.setattr(
        predictor_module, "check_inputs", lambda *arguments: threads.append(threading.current_thread()) or 1
    )
    ask("a", num_bytes=2**20)
    ask("a", num_bytes=2**20 + 1)
    assert threads[0] is threading.current_thread() and threads[1] is not threads[0]


def test_a_request_has_a_time_and_leaves_the_queue_after_it():
    async def main():
        version, batcher = echo_version(), Batcher(max_batch_size=1, workers=1)
        version.session.release.clear()
        predictor = Predictor(echo_versions(version), batcher, ServerMetrics(), request_seconds=0.02)
        with pytest.raises(RequestError, match="took more than 0.02 seconds") as caught:
            await predictor.predict("kmm", None, None, lambda find: ("other", echo_inputs(*"abc"), ()))
        assert (caught.value.code, caught.value.http_status) == ("DEADLINE_EXCEEDED", 504)
        assert version.users == 1, "the row that runs cannot be stopped"
        version.session.release.set()
        while version.users:
            await asyncio.sleep(0.001)
        assert version.session.runs == [1] and batcher.queued_rows == 0
        batcher.close()

    asyncio.run(main())
