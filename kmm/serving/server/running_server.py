"""The parts of a server, put together in one event loop."""

import asyncio
import contextlib
import functools
import logging

import grpc
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kmm.serving.server.admission import Admission
from kmm.serving.server.batcher import Batcher
from kmm.serving.server.grpc_api import GrpcApi
from kmm.serving.server.load_version import load_version
from kmm.serving.server.model_versions import ModelVersions
from kmm.serving.server.predictor import Predictor
from kmm.serving.server.rest_api import RestApi
from kmm.serving.server.server_metrics import ServerMetrics

_LOG = logging.getLogger(__name__)
_HTTP_LOG = logging.getLogger(f"{__name__}.http")
_HTTP_LOG.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))
"""Says nothing of bytes that are no HTTP: they are answered with 400, and anybody can send them."""
_IDLE_SECONDS = 75.0
_UPLOAD_SECONDS = 60.0
_MOST_STREAMS = 256
_LONGEST_CONNECTION_SECONDS = 1800


class RunningServer:
    """Listens on two ports and answers, from `start` to `stop`, both called in one event loop.

    Args:
        settings: the `ModelServer` whose arguments it follows.

    Attributes:
        rest_port, grpc_port: where it listens, after `start`.
        versions: its `ModelVersions`.
    """

    def __init__(self, settings):
        self._settings = settings
        self._metrics = ServerMetrics()
        self.versions = ModelVersions(
            settings.model,
            functools.partial(load_version, threads=settings.threads),
            name=settings.name,
            policy=settings.versions,
            labels=settings.labels,
            poll_seconds=settings.poll_seconds,
        )
        self._batcher = Batcher(
            settings.max_batch_size, settings.max_queued, settings.workers, self._metrics.observe_batch
        )
        self._admission = Admission(max(settings.max_queued_mib, settings.max_body_mib) << 20)
        self._metrics.add_gauge("kmm_queued_rows", "Rows that wait.", lambda: self._batcher.queued_rows)
        self._metrics.add_gauge(
            "kmm_requests_in_progress", "Requests being answered.", lambda: self._admission.requests
        )
        self._metrics.add_gauge("kmm_request_bytes", "Bytes of requests in memory.", lambda: self._admission.bytes)
        self._metrics.add_gauge("kmm_loaded_versions", "Versions loaded.", lambda: len(self.versions.available))
        self._metrics.add_gauge("kmm_newest_version", "Version.", lambda: max(self.versions.available, default=0))

    async def start(self):
        """Listens, and begins to watch the versions; until one is loaded, requests are answered with 503.

        Raises:
            OSError: a port is taken.
        """
        settings = self._settings
        self._predictor = Predictor(
            self.versions, self._batcher, self._metrics, settings.max_rows, settings.request_seconds
        )
        rest = RestApi(
            self._predictor, self._admission, self._metrics, settings.max_body_mib << 20, body_seconds=_UPLOAD_SECONDS
        )
        self._runner = web.AppRunner(
            rest.application,
            access_log=None,
            logger=_HTTP_LOG,
            handle_signals=False,
            handler_cancellation=True,
            keepalive_timeout=_IDLE_SECONDS,
            shutdown_timeout=2.0,
            read_bufsize=1 << 18,
        )
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self._runner.cleanup()
            raise
        self._watching = asyncio.create_task(self.versions.watch())

    async def _listen(self):
        settings = self._settings
        self._site = web.TCPSite(self._runner, settings.host, settings.rest_port)
        await self._site.start()
        self.rest_port = self._runner.addresses[0][1]
        options = {
            "grpc.max_receive_message_length": settings.max_body_mib << 20,
            "grpc.max_send_message_length": -1,
            "grpc.so_reuseport": 0,
            "grpc.max_concurrent_streams": _MOST_STREAMS,
            "grpc.keepalive_time_ms": int(1000 * _IDLE_SECONDS),
            "grpc.keepalive_timeout_ms": 20_000,
            "grpc.http2.min_ping_interval_without_data_ms": 10_000,
            "grpc.max_connection_age_ms": 1000 * _LONGEST_CONNECTION_SECONDS,
            "grpc.max_connection_age_grace_ms": int(1000 * (2 * _UPLOAD_SECONDS + settings.request_seconds)),
        }
        most_uploads = max(16, 2 * settings.max_queued_mib // settings.max_body_mib)
        self._grpc = grpc.aio.server(options=list(options.items()), maximum_concurrent_rpcs=settings.max_queued)
        self._grpc_api = GrpcApi(self._predictor, self._admission, most_uploads, _UPLOAD_SECONDS)
        self._grpc.add_generic_rpc_handlers(self._grpc_api.handlers())
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        try:
            self.grpc_port = self._grpc.add_insecure_port(f"{host}:{settings.grpc_port}")
        except RuntimeError:
            raise OSError(
                f"the gRPC address must be free. Received: {host}:{settings.grpc_port}. Take another port, or 0."
            ) from None
        await self._grpc.start()

    async def stop(self):
        """Refuses new requests, finishes those in progress, and closes everything.

        Returns:
            True if all were finished within the time and nothing runs any more.
        """
        seconds = self._settings.drain_seconds
        self._admission.close()
        self._grpc_api.hurry()
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching
        _, _, drained = await asyncio.gather(
            self._site.stop(), self._grpc.stop(seconds), self._admission.drained(seconds)
        )
        if not drained:
            _LOG.error("requests were still in progress after %s seconds; they are dropped", seconds)
        await self._runner.cleanup()
        self._batcher.close()
        self._predictor.side.close()
        return await self.versions.close(seconds=10.0 if drained else 0.1) and drained
