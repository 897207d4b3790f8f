import sys

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from kmm.serving.client import client_messages
from kmm.serving.client.model_address import ModelAddress

SIGNATURE = {"inputs": {"prompt": {"dtype": "string"}, "threshold": {"dtype": "float32"}}}


class Refusal(grpc.RpcError):
    """What a stub raises."""

    def __init__(self, code, details):
        super().__init__()
        self.code, self.details = lambda: code, lambda: details


def test_requests_name_model_and_version():
    for arguments, version, label in (((None, None), 0, ""), ((3, None), 3, ""), ((None, "stable"), 0, "stable")):
        address = ModelAddress("grpc://h:1", "street", *arguments)
        requests = [
            client_messages.status_request(address),
            client_messages.metadata_request(address),
            client_messages.predict_request(address, "segment", {}, [], SIGNATURE),
        ]
        for request in requests:
            spec = request.model_spec
            assert (spec.name, spec.version.value, spec.version_label) == ("street", version, label)


def test_predict_takes_the_dtypes_of_the_signature():
    address = ModelAddress("grpc://h:1", "kmm")
    inputs = {"prompt": [b"car", "stra\u00dfe"], "threshold": [0, 1], "other": np.ones((2, 3), "int32")}
    request = client_messages.predict_request(address, "segment", inputs, ["score"], SIGNATURE)
    assert request.model_spec.signature_name == "segment" and list(request.output_filter) == ["score"]
    response = type("Response", (), {"outputs": request.inputs})
    outputs = client_messages.read_predict(response)
    assert outputs["prompt"].tolist() == [b"car", "stra\u00dfe".encode()] and outputs["threshold"].dtype == "float32"
    assert outputs["other"].dtype == "int32" and outputs["other"].shape == (2, 3)


def test_metadata():
    stored = get_model_metadata_pb2.SignatureDefMap()
    info = stored.signature_def["segment"].outputs["mask"]
    info.dtype = 4
    for size in (-1, 16):
        info.tensor_shape.dim.add().size = size
    info = stored.signature_def["segment"].inputs["prompt"]
    info.dtype, info.tensor_shape.unknown_rank = 7, True
    stored.signature_def["__saved_model_init_op"].SetInParent()
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.version.value = 3
    response.metadata["signature_def"].Pack(stored)
    assert client_messages.read_metadata(response) == {
        "version": 3,
        "signatures": {
            "segment": {
                "inputs": {"prompt": {"dtype": "string", "shape": None}},
                "outputs": {"mask": {"dtype": "uint8", "shape": (None, 16)}},
            }
        },
    }


def test_status():
    response = get_model_status_pb2.GetModelStatusResponse()
    entry = response.model_version_status.add(version=2, state=50)
    entry.status.error_code, entry.status.error_message = 13, "broken"
    assert client_messages.read_status(response) == [
        {"version": 2, "state": "END", "error_code": "INTERNAL", "error_message": "broken"}
    ]


@pytest.mark.parametrize(
    ("code", "details", "temporary"),
    [
        (grpc.StatusCode.UNAVAILABLE, "failed to connect", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "queue is full", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (5 vs. 4)", False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Sent message larger than max (5 vs. 4)", False),
        (grpc.StatusCode.INVALID_ARGUMENT, None, False),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", False),
    ],
)
def test_errors_of_grpc(code, details, temporary):
    error = client_messages.error_from_rpc(Refusal(code, details), ModelAddress("grpc://h:1", "kmm"))
    assert (error.code, error.temporary, error.http_status) == (code.name, temporary, None)
    assert "grpc://h:1 (model 'kmm')" in str(error) and (details or "no further text") in str(error)


def test_without_the_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[serving\]"'):
        client_messages.import_grpc()
