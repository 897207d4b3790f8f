import asyncio

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kmm.serving.server import grpc_api
from kmm.serving.server.admission import Admission
from kmm.serving.server.batcher import Batcher
from kmm.serving.server.grpc_api import GrpcApi
from kmm.serving.server.predictor import Predictor
from kmm.serving.server.server_metrics import ServerMetrics
from tests.cases.served_echo import ECHO, echo_version, echo_versions


def run(check, max_bytes=10_000, **settings):
    """Runs `check(channel, version)` with a channel to the API in front of an echo; returns what it returns."""

    async def main():
        version, metrics, batcher = echo_version(3), ServerMetrics(), Batcher()
        predictor = Predictor(echo_versions(version), batcher, metrics, max_rows=4)
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(GrpcApi(predictor, Admission(max_bytes), **settings).handlers())
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                return await asyncio.wait_for(check(channel, version), 20)
        finally:
            await server.stop(0)
            batcher.close()

    return asyncio.run(main())


def ask(request, method="Predict", service=prediction_service_pb2_grpc.PredictionServiceStub, **settings):
    """The answer, or the error."""

    async def check(channel, version):
        try:
            return await getattr(service(channel), method)(request, timeout=10)
        except grpc.aio.AioRpcError as error:
            return error

    return run(check, **settings)


def predict_request(*texts, **spec):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("name", "kmm")
    request.model_spec.signature_name = spec.pop("signature_name", "")
    if "label" in spec:
        request.model_spec.version_label = spec["label"]
    if "number" in spec:
        request.model_spec.version.value = spec["number"]
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([text.encode() for text in texts]))
    request.inputs["numbers"].CopyFrom(tf.make_tensor_proto([[1.0, 2.0]] * len(texts)))
    return request


@pytest.mark.parametrize("spec", [{}, {"label": "stable"}, {"number": 3}, {"signature_name": "other"}])
def test_predictions(spec):
    answer = ask(predict_request("a", "b", **spec))
    assert {name: tf.make_ndarray(proto).tolist() for name, proto in answer.outputs.items()} == {
        "text_bytes": [b"a", b"b"],
        "doubled": [[2.0, 4.0], [2.0, 4.0]],
    }
    assert answer.model_spec.name == "kmm" and answer.model_spec.version.value == 3
    assert answer.model_spec.signature_name == spec.get("signature_name", "serving_default")


def test_output_filter():
    request = predict_request("a")
    request.output_filter.append("doubled")
    assert list(ask(request).outputs) == ["doubled"]


def unknown_output():
    request = predict_request("a")
    request.output_filter.append("x")
    return request


@pytest.mark.parametrize(
    ("request_message", "code", "words"),
    [
        (predict_request("a", name="x"), "NOT_FOUND", "Servable not found for request: Latest(x)"),
        (predict_request("a", signature_name="x"), "FAILED_PRECONDITION", "not found in signature def"),
        (unknown_output(), "INVALID_ARGUMENT", "output tensor alias not found in signature: x"),
        (predict_request("bad"), "INVALID_ARGUMENT", "a bad row"),
        (predict_request(*"abcde"), "INVALID_ARGUMENT", "1 to 4 rows"),
        (predict_request("bug"), "INTERNAL", "The server failed; its log says why."),
        (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
    ],
)
def test_what_is_refused(request_message, code, words):
    error = ask(request_message)
    assert error.code() == grpc.StatusCode[code] and words in error.details()


def test_more_bytes_than_the_server_holds():
    assert ask(predict_request("a"), max_bytes=10).code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(("service", "method"), [("PredictionService", "Predict"), ("ModelService", "GetModelStatus")])
def test_bytes_that_are_no_message(service, method):
    async def check(channel, version):
        with pytest.raises(grpc.aio.AioRpcError, match="The bytes are no ") as caught:
            await channel.unary_unary(f"/tensorflow.serving.{service}/{method}")(b"\xff\xff\x01")
        return caught.value.code()

    assert run(check) == grpc.StatusCode.INVALID_ARGUMENT


def metadata_request(*fields):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "kmm"
    return request


def test_metadata():
    answer = ask(metadata_request("signature_def"), "GetModelMetadata")
    found = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(found) and found.signature_def["other"] == ECHO
    assert answer.model_spec.version.value == 3
    for fields, words in (((), "at least one metadata_field"), (("x",), "Metadata field x is not supported")):
        error = ask(metadata_request(*fields), "GetModelMetadata")
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and words in error.details()


def test_status():
    async def check(channel, version):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "kmm"
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        available = await stub.GetModelStatus(request)
        version.state, version.error_code, version.error_message = "END", "DATA_LOSS", "cut"
        return available.model_version_status, (await stub.GetModelStatus(request)).model_version_status

    (available,), (ended,) = run(check)
    states = get_model_status_pb2.ModelVersionStatus
    assert (available.version, available.state) == (3, states.AVAILABLE) and available.status.error_code == 0
    assert ended.state == states.END and (ended.status.error_code, ended.status.error_message) == (15, "cut")


@pytest.mark.parametrize(
    ("service", "method", "message"),
    [
        (prediction_service_pb2_grpc.PredictionServiceStub, "Classify", classification_pb2.ClassificationRequest()),
        (
            model_service_pb2_grpc.ModelServiceStub,
            "HandleReloadConfigRequest",
            model_management_pb2.ReloadConfigRequest(),
        ),
    ],
)
def test_what_is_not_implemented(service, method, message):
    error = ask(message, method, service)
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED and "Predict" in error.details()


def lying_request(**changes):
    request = predict_request("a")
    for name, (dtype, shape, values) in changes.items():
        field = {tf.string: "string_val", tf.float64: "double_val", tf.float32: "float_val"}[dtype]
        request.inputs[name].Clear()
        request.inputs[name].dtype = dtype.as_datatype_enum
        getattr(request.inputs[name], field).extend(values)
        for size in shape:
            request.inputs[name].tensor_shape.dim.add().size = size
    return request


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({f"x{number}": (tf.float64, [2**20], [0]) for number in range(99)}, "Sent extra: {x"),
        ({"text": (tf.string, [2**20], [b"a"])}, "1 to 4 rows"),
        ({"text": (tf.string, [4], [b"a"])}, "1 values do not fit the shape"),
        ({"numbers": (tf.float64, [1, 2], [0])}, "'numbers' must be float32. Received: float64"),
        ({"numbers": (tf.float32, [2**20], [0])}, "must have the shape"),
    ],
    ids=["inputs", "rows", "strings", "dtype", "shape"],
)
def test_small_messages_that_claim_much_are_refused_before_values_are_read(changes, words, monkeypatch):
    if words != "1 values do not fit the shape":
        monkeypatch.delattr(grpc_api, "arrays_from_protos")
    error = ask(lying_request(**changes))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and words in error.details()


def test_a_message_that_does_not_come_is_not_waited_for():
    async def check(channel, version):
        call = channel.stream_unary("/tensorflow.serving.PredictionService/Predict")()
        with pytest.raises(grpc.aio.AioRpcError, match="must arrive within 0.05 seconds") as caught:
            await call
        assert (await prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(predict_request("a"))).outputs
        return caught.value.code()

    assert run(check, upload_seconds=0.05, most_uploads=1) == grpc.StatusCode.DEADLINE_EXCEEDED


def test_no_message_at_all():
    async def check(channel, version):
        call = channel.stream_unary("/tensorflow.serving.PredictionService/Predict")()
        await call.done_writing()
        with pytest.raises(grpc.aio.AioRpcError, match="Missing ModelSpec"):
            await call

    run(check)


def test_a_long_message():
    request = predict_request("a")
    request.inputs["text"].string_val[0] = b"a" * 2**21
    answer = ask(request, max_bytes=2**23)
    assert np.array_equal(tf.make_ndarray(answer.outputs["text_bytes"]), [b"a" * 2**21])
