"""The HTTP side of a server: TensorFlow Serving's REST interface, health and metrics."""

import asyncio
import re
import urllib.parse

import orjson
from aiohttp import web

from kmm.serving.server.read_json_request import read_json_request
from kmm.serving.server.request_error import RequestError
from kmm.serving.server.signature_documents import metadata_document
from kmm.serving.server.write_json_answer import json_size, write_json_answer

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<number>\d{1,18})|/labels/(?P<label>[^/:]+))?"
_PREDICTION = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_STATUS = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_METRICS_PATH = "/monitoring/prometheus/metrics"


class RestApi:
    """An `aiohttp` application that answers as TensorFlow Serving does.

    Beside `/v1/models/...` it answers `/healthz` (200 as long as the process runs), `/readyz` (200 when a version is
    loaded and the server is not shutting down) and `/monitoring/prometheus/metrics`.

    Args:
        predictor: `Predictor`.
        admission: `Admission`.
        metrics: `ServerMetrics`.
        max_body_bytes: the longest body of a request.
        body_seconds: how long a client may take to send it, and to take the answer.

    Attributes:
        application: the `aiohttp.web.Application`.
    """

    def __init__(self, predictor, admission, metrics, max_body_bytes=64 << 20, body_seconds=60.0):
        self._predictor = predictor
        self._admission = admission
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self.application = web.Application()
        self.application.router.add_get("/healthz", self._healthz)
        self.application.router.add_get("/readyz", self._readyz)
        self.application.router.add_get(_METRICS_PATH, self._show_metrics)
        self.application.router.add_route("*", "/v1/{rest:.*}", self._answer)

    async def _healthz(self, request):
        return web.Response(text="ok\n")

    async def _readyz(self, request):
        if self._admission.closed:
            return web.Response(text="shutting down\n", status=503)
        if not self._predictor.versions.available:
            return web.Response(text="no version is loaded\n", status=503)
        return web.Response(text="ready\n")

    async def _show_metrics(self, request):
        return web.Response(body=self._metrics.page(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _answer(self, request):
        try:
            prediction = _PREDICTION.fullmatch(request.rel_url.raw_path) if request.method == "POST" else None
            if prediction is not None:
                with self._predictor.observed("rest", "predict"):
                    return await self._predict(request, **_decoded(prediction))
            with self._predictor.observed("rest", "status"):
                return _json_response(self._describe(request))
        except RequestError as error:
            response = _json_response(orjson.dumps({"error": str(error)}), error.http_status)
            if error.http_status in (408, 413, 503):
                response.force_close()
            if error.http_status in (429, 503):
                response.headers["Retry-After"] = "1"
            return response

    async def _predict(self, request, name, number, label, method):
        if method.lower() != "predict":
            raise RequestError("UNIMPLEMENTED", f"This server answers :predict alone. Received: :{method}")
        with self._admission.request() as add_bytes:
            body = await self._read_body(request, add_bytes)
            by_row = False

            def read(signature_of):
                nonlocal by_row
                signature_name, inputs, by_row = read_json_request(body, signature_of, self._predictor.max_rows)
                return signature_name, inputs, ()

            outputs, _, _ = await self._predictor.predict(name, number, label, read, len(body))
            answer = await self._predictor.side.run(json_size(outputs), write_json_answer, outputs, by_row)
            add_bytes(len(answer))
            return await self._send(request, _json_response(answer))

    async def _send(self, request, response):
        """Writes an answer while its bytes still count; a client that does not take it is cut off."""
        try:
            async with asyncio.timeout(self._body_seconds):
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise RequestError(
                "DEADLINE_EXCEEDED", f"The answer must be taken within {self._body_seconds} seconds."
            ) from None
        except ConnectionError as error:
            raise RequestError("CANCELLED", f"The client has gone: {error}") from None
        return response

    async def _read_body(self, request, add_bytes):
        too_long = RequestError(
            "INVALID_ARGUMENT", f"The body of a request may have {self._max_body_bytes} bytes. Send less.", 413
        )
        if (request.content_length or 0) > self._max_body_bytes:
            raise too_long
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._body_seconds):
                async for chunk in request.content.iter_any():
                    size += len(chunk)
                    if size > self._max_body_bytes:
                        raise too_long
                    add_bytes(len(chunk))
                    chunks.append(chunk)
        except TimeoutError:
            raise RequestError(
                "DEADLINE_EXCEEDED", f"The body must arrive within {self._body_seconds} seconds.", 408
            ) from None
        except web.RequestPayloadError as error:
            raise RequestError("INVALID_ARGUMENT", f"The body cannot be read: {error}") from None
        return b"".join(chunks)

    def _describe(self, request):
        found = _STATUS.fullmatch(request.rel_url.raw_path) if request.method in ("GET", "HEAD") else None
        if found is None:
            raise RequestError("INVALID_ARGUMENT", f"Malformed request: {request.method} {request.rel_url.raw_path}")
        wanted = _decoded(found)
        if wanted.pop("metadata"):
            version = self._predictor.find(**wanted)
            return metadata_document(wanted["name"], version)
        return orjson.dumps({"model_version_status": self._predictor.statuses(**wanted)}, option=orjson.OPT_INDENT_2)


def _decoded(match):
    """The named parts of a path, without its %-escapes, the number as a number."""
    parts = {name: text and urllib.parse.unquote(text) for name, text in match.groupdict().items()}
    return {**parts, "number": parts["number"] and int(parts["number"])}


def _json_response(body, status=200):
    return web.Response(body=body, status=status, headers={"Content-Type": "application/json"})
