import importlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from kmm.serving.client.serving_error import ServingError
from kmm.serving.load.measure_load import measure_load
from kmm.serving.server.model_server import ModelServer

INPUTS = {"image_bytes": {}, "prompt": {}, "threshold": {}}
OUTPUTS = {"score": {}, "present": {}, "mask_png_bytes": {}, "status": {}}


class FakeClient:
    """Answers at once, and remembers what it was asked."""

    def __init__(self, signatures, statuses=(b"OK",)):
        self.signatures, self.statuses, self.requests, self.closed = signatures, statuses, [], False

    def metadata(self):
        return {"version": 1, "signatures": self.signatures}

    def predict(self, inputs, signature_name, output_names):
        self.requests.append({**inputs, "name": signature_name, "wanted": output_names})
        status = self.statuses[len(self.requests) % len(self.statuses)]
        if status == b"UNAVAILABLE":
            raise ServingError("UNAVAILABLE", "no server", "http://nowhere", temporary=True)
        return {"status": [status] * len(inputs["image_bytes"])} if "status" in output_names else {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.closed = True


@pytest.fixture
def served(monkeypatch):
    def make(signatures, statuses=(b"OK",)):
        client = FakeClient(signatures, statuses)
        module = importlib.import_module("kmm.serving.load.measure_load")  # the package has a function of that name
        monkeypatch.setattr(module, "Client", lambda *arguments, **limits: client)
        return client

    return make


def test_pictures_and_prompts_take_turns(served):
    client = served({"segment": {"inputs": INPUTS, "outputs": OUTPUTS}, "serving_default": {}})
    seen = []
    report = measure_load(
        "http://127.0.0.1:1", [b"first", b"second"], ["red", "green"], num_requests=8, concurrency=2,
        prompts_per_request=1, progress=lambda *numbers: seen.append(numbers),
    )  # fmt: skip
    counted = client.requests[2:]
    assert len(counted) == 8 and seen[-1] == (8, 8)
    assert {(*request["image_bytes"], *request["prompt"]) for request in counted} == {
        (file, prompt) for file in (b"first", b"second") for prompt in ("red", "green")
    }
    assert counted[0]["name"] == "segment" and counted[0]["wanted"] == ["score", "present", "mask_png_bytes", "status"]
    assert client.closed
    assert report["errors"] == 0 and report["signature"] == "segment" and report["mean_image_bytes"] == 6
    json.dumps(report)


def test_several_rows_ask_about_one_picture(served):
    client = served({"segment": {"inputs": INPUTS, "outputs": OUTPUTS}})
    report = measure_load("http://127.0.0.1:1", [b"file"], ["a", "b", "c"], num_requests=2, prompts_per_request=3)
    assert client.requests[1]["image_bytes"] == [b"file"] * 3
    assert sorted(client.requests[1]["prompt"]) == ["a", "b", "c"]
    assert client.requests[1]["threshold"].shape == (3,)
    assert report["rows_per_second"] == pytest.approx(3 * report["requests_per_second"], rel=1e-3)


def test_a_model_without_words_or_without_statuses(served):
    client = served({"serving_default": {"inputs": {"image_bytes": {}}, "outputs": {"mask_png_bytes": {}}}})
    report = measure_load("http://127.0.0.1:1", prompts=(), num_requests=1)
    assert set(client.requests[0]) == {"image_bytes", "name", "wanted"}
    assert report["errors"] == 0 and client.requests[0]["wanted"] == ["mask_png_bytes"]
    with Image.open(io.BytesIO(client.requests[0]["image_bytes"][0])) as drawn:
        assert drawn.size == (640, 480) and drawn.format == "JPEG" and np.asarray(drawn).std() > 20
    assert 50_000 < report["mean_image_bytes"] < 250_000


def test_refusals_and_bad_pictures_are_errors_by_code(served):
    statuses = (b"OK", b"NOT_AN_IMAGE: neither JPEG nor PNG.", b"UNAVAILABLE")
    served({"segment": {"inputs": INPUTS, "outputs": OUTPUTS}}, statuses)
    report = measure_load("http://127.0.0.1:1", [b"file"], num_requests=9)
    assert report["answers"] == {"OK": 3, "NOT_AN_IMAGE": 3, "UNAVAILABLE": 3} and report["errors"] == 6


def test_errors(served):
    client = served({"segment": {"inputs": INPUTS, "outputs": OUTPUTS}})
    for name in ("num_requests", "concurrency", "prompts_per_request", "rate", "max_seconds", "timeout"):
        with pytest.raises(ValueError, match=f"{name} must be positive. Received: {name}=-1"):
            measure_load("http://127.0.0.1:1", **{name: -1})
    with pytest.raises(ValueError, match="needs prompts. Received: prompts="):
        measure_load("http://127.0.0.1:1", prompts=[])
    assert client.closed
    served({"embed": {}})
    with pytest.raises(ValueError, match="one of the signatures segment, serving_default. Received: .'embed'."):
        measure_load("http://127.0.0.1:1")


def test_without_a_server():
    with pytest.raises(ServingError, match="UNAVAILABLE"):
        measure_load("http://127.0.0.1:9", num_requests=1, timeout=2)


@pytest.mark.slow
def test_a_server_of_our_own(tiny_export, photographs):
    with ModelServer(tiny_export, rest_port=0, grpc_port=0) as server:
        for url in (server.rest_url, server.grpc_url):
            report = measure_load(url, [*photographs, b"GIF89a"], ["the red car", ""], 16, 3, prompts_per_request=2)
            assert report["answers"] == {"OK": 12, "NOT_AN_IMAGE": 4}
            assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p99"] < 30_000
            late = measure_load(url, photographs, num_requests=1000, rate=40, max_seconds=0.25, concurrency=2)
            assert late["requests"] <= 11 and late["errors"] == 0
