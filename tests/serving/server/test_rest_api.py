import asyncio
import contextlib
import gzip
import io
import json
import socket
import types

import numpy as np
import pytest
from aiohttp import test_utils

from kmm.serving.server.admission import Admission
from kmm.serving.server.batcher import Batcher
from kmm.serving.server.predictor import Predictor
from kmm.serving.server.rest_api import RestApi
from kmm.serving.server.server_metrics import ServerMetrics
from tests.cases.served_echo import echo_version, echo_versions

ROW = {"text": "a", "numbers": [1, 2]}
PREDICT = "/v1/models/kmm:predict"


def run(check, max_bytes=10_000, **settings):
    """Runs `check(client, parts)` with a client of the API in front of an echo."""

    async def main():
        version, metrics, batcher = echo_version(3), ServerMetrics(), Batcher(workers=1)
        admission, versions = Admission(max_bytes), echo_versions(version)
        api = RestApi(Predictor(versions, batcher, metrics, max_rows=4), admission, metrics, **settings)
        server = test_utils.TestServer(api.application, handler_cancellation=True)
        async with test_utils.TestClient(server) as client:
            try:
                parts = {"version": version, "versions": versions, "admission": admission, "batcher": batcher}
                await asyncio.wait_for(check(client, types.SimpleNamespace(**parts)), 20)
                assert admission.requests == admission.bytes == 0
            finally:
                version.session.release.set()
                batcher.close()

    asyncio.run(main())


async def post(client, body, path=PREDICT, **options):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.post(path, data=data, **options) as answer:
        return answer.status, json.loads(await answer.read())


def test_predictions():
    async def check(client, parts):
        status, answer = await post(client, {"instances": [ROW, {**ROW, "text": "b"}]})
        assert status == 200
        assert answer["predictions"][1] == {"doubled": [2.0, 4.0], "text_bytes": {"b64": "Yg=="}}
        for path in ("versions/3", "labels/stable", "versions/3"):
            status, answer = await post(
                client, {"inputs": {"text": ["a"], "numbers": [[1, 2]]}}, f"/v1/models/kmm/{path}:predict"
            )
            assert status == 200 and answer["outputs"]["doubled"] == [[2.0, 4.0]]

    run(check)


def test_status_and_metadata():
    async def check(client, parts):
        for path in ("", "/versions/3", "/labels/stable"):
            async with client.get(f"/v1/models/kmm{path}") as answer:
                assert answer.content_type == "application/json"
                found = await answer.json()
            assert found == {"model_version_status": [parts.version.status()]}
        async with client.get("/v1/models/kmm/metadata") as answer:
            assert "other" in (await answer.json())["metadata"]["signature_def"]["signature_def"]

    run(check)


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/v1/models/x", 404, "Could not find any versions of model x"),
        ("GET", "/v1/models/kmm/versions/9", 404, "Could not find version 9 of model kmm"),
        ("GET", "/v1/models/x/metadata", 404, "Servable not found for request: Latest(x)"),
        ("GET", "/v1/models", 400, "Malformed request: GET /v1/models"),
        ("GET", PREDICT, 400, "Malformed request: GET"),
        ("PUT", PREDICT, 400, "Malformed request: PUT"),
        ("POST", "/v1/models/kmm", 400, "Malformed request: POST"),
        ("POST", "/v1/models/kmm:explain", 400, "Malformed request: POST"),
        ("POST", "/v1/models/kmm/versions/x:predict", 400, "Malformed request: POST"),
        ("POST", "/v1/models/kmm:classify", 501, "answers :predict alone"),
        ("POST", "/v1/models/x:predict", 404, "Servable not found for request: Latest(x)"),
        ("POST", "/v1/models/a%20b:predict", 404, "Latest(a b)"),
        ("POST", PREDICT, 400, "JSON Parse error"),
    ],
)
def test_what_is_refused(method, path, status, words):
    async def check(client, parts):
        async with client.request(method, path) as answer:
            assert answer.status == status and words in (await answer.json())["error"]

    run(check)


def test_errors_of_the_model():
    async def check(client, parts):
        status, answer = await post(client, {"instances": [{**ROW, "text": "bad"}]})
        assert (status, answer) == (400, {"error": "a bad row"})
        status, answer = await post(client, {"instances": [{**ROW, "text": "bug"}]})
        assert (status, answer) == (500, {"error": "The server failed; its log says why."})
        assert (await post(client, {"instances": [ROW]}))[0] == 200

    run(check)


async def chunks():
    for _ in range(50):
        yield b"x" * 100


@pytest.mark.parametrize("data", [b"x" * 2000, gzip.compress(b"x" * 2000), chunks], ids=["length", "gzip", "chunks"])
def test_a_body_that_is_too_long(data):
    async def check(client, parts):
        headers = {"Content-Encoding": "gzip"} if isinstance(data, bytes) and data[:1] != b"x" else {}
        async with client.post(PREDICT, data=data() if callable(data) else data, headers=headers) as answer:
            assert answer.status == 413 and "may have 1000 bytes" in (await answer.json())["error"]
        assert (await post(client, {"instances": [ROW]}))[0] == 200

    run(check, max_body_bytes=1000)


def test_a_body_that_is_not_what_it_says():
    async def check(client, parts):
        status, answer = await post(client, b"not gzip", headers={"Content-Encoding": "gzip"})
        assert status == 400 and "The body cannot be read" in answer["error"]

    run(check)


def test_a_body_that_does_not_arrive():
    async def never():
        yield b"{"
        await asyncio.sleep(5)

    async def check(client, parts):
        async with client.post(PREDICT, data=never()) as answer:
            assert answer.status == 408 and "must arrive within 0.05 seconds" in (await answer.json())["error"]

    run(check, body_seconds=0.05)


def test_more_bytes_than_the_server_holds():
    async def check(client, parts):
        async with client.post(PREDICT, data=json.dumps({"instances": [ROW]})) as answer:
            assert answer.status == 429 and answer.headers["Retry-After"] == "1"
            assert "as many bytes" in (await answer.json())["error"]

    run(check, max_bytes=10)


def test_a_client_that_does_not_take_its_answer_is_cut_off(caplog):
    async def check(client, parts):
        answer = {"text_bytes": np.array([bytes(2**24)], object), "doubled": np.zeros((1, 2), "float32")}
        parts.version.session.run = lambda *arguments: answer
        body, loop = json.dumps({"instances": [ROW]}), asyncio.get_running_loop()
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.setblocking(False)
            await loop.sock_connect(lazy, ("127.0.0.1", client.server.port))
            head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            await loop.sock_sendall(lazy, (head + body).encode())
            while parts.admission.bytes < 2**24:
                await asyncio.sleep(0.001)
            while parts.admission.requests:
                await asyncio.sleep(0.001)
            received = 0
            with contextlib.suppress(ConnectionResetError):
                while chunk := await loop.sock_recv(lazy, 2**16):
                    received += len(chunk)
            assert received < 2**24
        async with client.get("/monitoring/prometheus/metrics") as page:
            assert 'code="DEADLINE_EXCEEDED"' in await page.text()
        assert not caplog.text

    run(check, max_bytes=2**26, body_seconds=0.2)


def test_an_answer_counts_as_the_request_does():
    async def check(client, parts):
        answer = {"text_bytes": np.array([bytes(20_000)], object), "doubled": np.zeros((1, 2), "float32")}
        parts.version.session.run = lambda *arguments: answer
        status, answer = await post(client, {"instances": [ROW]})
        assert status == 429 and "as many bytes" in answer["error"]

    run(check)


def test_long_bodies_and_answers():
    async def check(client, parts):
        body = json.dumps({"inputs": {"text": ["a" * 2**21], "numbers": [[1, 2]]}}).encode()
        async with client.post(PREDICT, data=io.BytesIO(body)) as answer:
            (found,) = (await answer.json())["outputs"]["text_bytes"]
        assert len(found["b64"]) == -(-(2**21) // 3) * 4

    run(check, max_bytes=2**23)


def test_a_client_that_goes_away_leaves_the_queue():
    async def check(client, parts):
        parts.version.session.release.clear()
        running, waiting = (asyncio.create_task(post(client, {"instances": [ROW]})) for _ in range(2))
        while not parts.batcher.queued_rows:
            await asyncio.sleep(0.001)
        waiting.cancel()
        while parts.batcher.queued_rows:
            await asyncio.sleep(0.001)
        parts.version.session.release.set()
        assert (await running)[0] == 200

    run(check)


def test_health_readiness_and_metrics():
    async def check(client, parts):
        async def get(path):
            async with client.get(path) as answer:
                return answer.status, await answer.text()

        assert await get("/healthz") == (200, "ok\n") and await get("/readyz") == (200, "ready\n")
        await post(client, {"instances": [ROW]})
        status, page = await get("/monitoring/prometheus/metrics")
        assert status == 200 and 'kmm_requests_total{code="OK",method="predict",transport="rest"} 1.0' in page
        parts.versions.available = []
        assert await get("/readyz") == (503, "no version is loaded\n")
        parts.admission.close()
        assert await get("/readyz") == (503, "shutting down\n") and (await get("/healthz"))[0] == 200
        status, answer = await post(client, {"instances": [ROW]})
        assert status == 503 and "shutting down" in answer["error"]

    run(check)
