import asyncio
import concurrent.futures
import contextlib
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kmm.serving import ServingError
from kmm.serving.client.async_grpc_transport import AsyncGrpcTransport
from kmm.serving.client.grpc_transport import GrpcTransport
from kmm.serving.client.model_address import ModelAddress

SIGNATURE = {"inputs": {"prompt": {"dtype": "string"}}, "outputs": {"score": {"dtype": "float32"}}}


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Gives `size` numbers, or refuses the prompt "bad" and never answers "slow"."""

    size = 1

    def Predict(self, request, context):
        prompt = tf.make_ndarray(request.inputs["prompt"])[0]
        if prompt == b"bad":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "bad prompt")
        if prompt == b"slow":
            cancelled = concurrent.futures.Future()
            context.add_callback(lambda: cancelled.set_result(True))
            cancelled.result(10)
        if prompt == b"who":
            prompt = dict(context.invocation_metadata())["authorization"]
        response = predict_pb2.PredictResponse()
        response.outputs["text"].CopyFrom(tf.make_tensor_proto([prompt]))
        response.outputs["score"].CopyFrom(tf.make_tensor_proto(np.ones(self.size, "float32")))
        return response


class Models(model_service_pb2_grpc.ModelServiceServicer):
    """One version."""

    def GetModelStatus(self, request, context):
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=1, state=30)
        return response


@contextlib.contextmanager
def running(port=0, options=()):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0), *options))
    predictions = Predictions()
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield port, predictions
    finally:
        server.stop(0).wait(10)


def blocking(transport, ask):
    try:
        return ask(transport)
    finally:
        transport.close()


def awaited(address, headers, ask):
    async def run():
        transport = AsyncGrpcTransport(address, headers)
        try:
            return await ask(transport)
        finally:
            await transport.close()

    return asyncio.run(run())


@pytest.fixture(params=["blocking", "asyncio"])
def ask(request):
    """A function that lets a transport to a port do something, and returns what came of it."""

    def run(port, what, headers=None):
        address = ModelAddress(f"grpc://127.0.0.1:{port}", "kmm")
        if request.param == "blocking":
            return blocking(GrpcTransport(address, headers or {}), what)
        return awaited(address, headers or {}, what)

    return run


def predict(prompt, timeout=10):
    return lambda transport: transport.predict("segment", {"prompt": [prompt]}, ["score"], SIGNATURE, timeout)


def test_asks(ask):
    with running() as (port, _):
        assert ask(port, lambda transport: transport.status(10))[0]["state"] == "AVAILABLE"
        assert ask(port, predict("car"))["text"].tolist() == [b"car"]
        assert ask(port, predict("who"), {"Authorization": "Bearer x"})["text"].tolist() == [b"Bearer x"]
        with pytest.raises(ServingError, match="UNIMPLEMENTED"):
            ask(port, lambda transport: transport.metadata(10))


def test_refusals(ask):
    with running() as (port, _):
        with pytest.raises(ServingError, match="INVALID_ARGUMENT.*bad prompt") as caught:
            ask(port, predict("bad"))
        assert not caught.value.temporary
        with pytest.raises(ServingError, match="DEADLINE_EXCEEDED"):
            ask(port, predict("slow", timeout=0.1))


def test_no_server(ask):
    with running() as (port, _):
        pass
    with pytest.raises(ServingError, match="UNAVAILABLE") as caught:
        ask(port, predict("car"))
    assert caught.value.temporary


def test_messages_may_be_large(ask):
    options = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
    with running(options=options) as (port, predictions):
        predictions.size = 2_000_000
        assert ask(port, predict("x" * 6_000_000))["score"].shape == (2_000_000,)


def test_a_server_that_came_back_is_found_soon():
    with running() as (port, _):
        transport = GrpcTransport(ModelAddress(f"grpc://127.0.0.1:{port}", "kmm"), {})
        transport.status(10)
    with pytest.raises(ServingError, match="UNAVAILABLE"):
        for _ in range(10):
            transport.status(10)
    with running(port):
        for _ in range(100):
            with contextlib.suppress(ServingError):
                assert transport.status(10)
                break
            time.sleep(0.05)
        else:
            pytest.fail("no new connection within five seconds")
    transport.close()


def test_a_task_that_is_cancelled_cancels_its_request():
    async def run(port):
        transport = AsyncGrpcTransport(ModelAddress(f"grpc://127.0.0.1:{port}", "kmm"), {})
        task = asyncio.create_task(predict("slow")(transport))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await transport.close()

    with running() as (port, _):
        asyncio.run(run(port))


def test_encryption():
    transport = GrpcTransport(ModelAddress("grpcs://127.0.0.1:1", "kmm"), {})
    with pytest.raises(ServingError, match="UNAVAILABLE"):
        transport.status(5)
    transport.close()
