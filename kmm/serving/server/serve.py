"""Serving until told to stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys

from kmm.serving.server.model_server import ModelServer

_LOG = logging.getLogger(__name__)


def serve(model, on_start=None, **settings):
    """Answers requests with an export until SIGTERM or SIGINT arrives; call it in the main thread.

    Then new requests are refused, those in progress are finished, and it returns. If they take longer than
    `drain_seconds`, or a version is being loaded at that moment, it ends the process, without an error. A second signal
    ends the process at once.

    Args:
        model: folder of all versions of an export, or of one version.
        on_start: function that gets the running `ModelServer` when the first version is loaded; `None` for none.
        settings: the other arguments of `ModelServer`.

    Raises:
        ValueError: an argument is out of its range.
        FileNotFoundError: there is no such folder.
        OSError: a port is taken.
        ImportError: the extra `serving` is not installed.
        Exception: what `on_start` raises; the server is stopped first.

    Example:

    >>> serve("exports/street", labels={"stable": 1})  # doctest: +SKIP
    """
    server = ModelServer(model, **settings)
    if not asyncio.run(_serve(server, on_start)):
        sys.stdout.flush()
        logging.shutdown()
        os._exit(0)


async def _serve(server, on_start):
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stop, number)
    announcing = asyncio.create_task(_announce(server, on_start, stop))
    try:
        finished = await server.run(stop, lambda: _warn_if_empty(server))
    finally:
        announcing.cancel()
        gc.unfreeze()
    with contextlib.suppress(asyncio.CancelledError):
        await announcing
    return finished


def _on_signal(stop, number):
    if stop.is_set():
        _LOG.warning("told twice to stop; requests in progress are dropped")
        sys.stdout.flush()
        logging.shutdown()
        os._exit(128 + number)
    stop.set()


async def _announce(server, on_start, stop):
    while not server.loaded_versions:
        await asyncio.sleep(0.05)
    # What is loaded by now stays; the garbage collector need not look at it during requests.
    gc.collect()
    gc.freeze()
    if on_start is not None:
        try:
            on_start(server)
        except BaseException:
            stop.set()
            raise


def _warn_if_empty(server):
    if not server.loaded_versions:
        _LOG.warning("no version in %s is loaded yet; requests are answered with 503 until one is", server.model)
