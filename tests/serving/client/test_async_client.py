import asyncio
import sys
import time

import pytest

from kmm.serving import AsyncClient, ServingError
from kmm.serving.client.async_grpc_transport import AsyncGrpcTransport
from kmm.serving.client.threaded_transport import ThreadedTransport

AVAILABLE = [{"version": 1, "state": "AVAILABLE", "error_code": "OK", "error_message": ""}]
STRING, FLOAT = {"dtype": "string", "shape": (None,)}, {"dtype": "float32", "shape": (None,)}
SIGNATURES = {
    "serving_default": {
        "inputs": {"image_bytes": STRING, "prompt": STRING},
        "outputs": {"score": FLOAT, "mask_png_bytes": STRING, "status": STRING},
    }
}


class Flaky:
    """A transport of coroutines that fails with the given errors, in turn, before it answers after a while."""

    def __init__(self, *errors, seconds=0.0):
        self.errors, self.calls, self.seconds, self.closed = list(errors), 0, seconds, False

    async def status(self, timeout):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        await asyncio.sleep(self.seconds)
        return AVAILABLE

    async def metadata(self, timeout):
        return {"version": 1, "signatures": SIGNATURES}

    async def predict(self, signature_name, inputs, output_names, signature, timeout):
        count = len(inputs["prompt"])
        statuses = [b"OK" if image == b"good" else b"DAMAGED: it is." for image in inputs["image_bytes"]]
        return {"score": [0.5] * count, "mask_png_bytes": [b""] * count, "status": statuses}

    async def close(self):
        self.closed = True


def busy(code="UNAVAILABLE", temporary=True):
    return ServingError(code, "busy", "http://h", temporary=temporary)


@pytest.fixture
def run(monkeypatch):
    """A function that lets a client with some transport do something."""
    monkeypatch.setattr("kmm.serving.client.attempts.FIRST_PAUSE", 0.001)

    def run(transport, ask, **arguments):
        async def main():
            async with AsyncClient("http://127.0.0.1:1", **arguments) as client:
                client._transport = transport
                return await ask(client)

        result = asyncio.run(main())
        assert transport.closed
        return result

    return run


def test_tries_again_where_that_may_help(run):
    transport = Flaky(busy(), busy("RESOURCE_EXHAUSTED"))
    assert run(transport, lambda client: client.status()) == AVAILABLE and transport.calls == 3
    assert run(Flaky(busy("NOT_FOUND", temporary=False)), lambda client: client.wait_until_ready(5)) == 1
    with pytest.raises(ServingError, match="NOT_FOUND"):
        run(Flaky(busy("NOT_FOUND", temporary=False)), lambda client: client.status())
    with pytest.raises(ServingError, match="UNAVAILABLE"):
        run(Flaky(busy(), busy()), lambda client: client.status(), retries=1)


def test_plans_run_to_their_end(run):
    answers = run(Flaky(), lambda client: client.segment_many([(b"good", ["a", "b"]), (b"bad", "a")]))
    assert [answer.statuses for answer in answers] == [("OK", "OK"), ("DAMAGED: it is.",)]
    with pytest.raises(ValueError, match="must be able to read the picture. Received: DAMAGED"):
        run(Flaky(), lambda client: client.segment(b"bad", "a"))
    outputs = run(Flaky(), lambda client: client.predict({"image_bytes": [b"good"], "prompt": ["a"]}))
    assert outputs["score"].tolist() == [0.5]
    assert run(Flaky(), lambda client: client.metadata())["version"] == 1
    for ask in (lambda client: client.encode_image(b"good"), lambda client: client.segment(b"good", "a", 0.5)):
        with pytest.raises(ValueError, match="A signature must be one of|must take thresholds"):
            run(Flaky(), ask)
    with pytest.raises(TypeError, match="must be encoded first"):
        run(Flaky(), lambda client: client.ask(b"good", "a"))


def test_requests_wait_together(run):
    async def ask(client):
        begin = time.monotonic()
        await asyncio.gather(*(client.status() for _ in range(20)))
        return time.monotonic() - begin

    assert run(Flaky(seconds=0.2), ask) < 2.0


def test_the_scheme_chooses():
    async def kind(url):
        async with AsyncClient(url) as client:
            return type(client._open())

    assert asyncio.run(kind("http://127.0.0.1:1")) is ThreadedTransport
    assert asyncio.run(kind("grpc://127.0.0.1:1")) is AsyncGrpcTransport


def test_without_the_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[serving\]"'):
        AsyncClient("grpc://127.0.0.1:1")
