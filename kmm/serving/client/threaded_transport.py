"""A blocking transport, for asyncio."""

import asyncio
import concurrent.futures
import time

from kmm.serving.client.serving_error import ServingError

NUM_THREADS = 32
"""The most requests that wait for an answer at a time; further ones wait for a thread."""


class ThreadedTransport:
    """Runs a `RestTransport` in threads of its own, for `AsyncClient`.

    So REST needs the standard library alone here too. The time of a request includes that until a thread is free. A
    task that is cancelled stops waiting; its request goes on in its thread until it is answered or its time is over.

    Args:
        transport: `RestTransport`.

    Example:

    >>> from kmm.serving.client.model_address import ModelAddress
    >>> from kmm.serving.client.rest_transport import RestTransport
    >>> transport = ThreadedTransport(RestTransport(ModelAddress("http://127.0.0.1:8501", "kmm"), {}))
    >>> asyncio.run(transport.close())
    """

    def __init__(self, transport):
        self._transport, self._closed = transport, False
        self._threads = concurrent.futures.ThreadPoolExecutor(NUM_THREADS, thread_name_prefix="kmm-client")

    async def status(self, timeout):
        """See `RestTransport.status`."""
        return await self._run(self._transport.status, timeout=timeout)

    async def metadata(self, timeout):
        """See `RestTransport.metadata`."""
        return await self._run(self._transport.metadata, timeout=timeout)

    async def predict(self, signature_name, inputs, output_names, signature, timeout):
        """See `RestTransport.predict`."""
        arguments = (signature_name, inputs, output_names, signature)
        return await self._run(self._transport.predict, *arguments, timeout=timeout)

    async def close(self):
        """Closes the connections; waits for nothing. Requests that still wait for a thread are refused."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._transport.close()

    async def _run(self, method, *arguments, timeout):
        end = time.monotonic() + timeout

        def ask():
            seconds = end - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("no thread was free in time")
            return method(*arguments, seconds)

        self._check_open()
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except TimeoutError as error:
            text = f"no answer within {timeout:.3g} seconds"
            raise ServingError("DEADLINE_EXCEEDED", text, self._transport.server) from error
        except asyncio.CancelledError:
            if not asyncio.current_task().cancelling():  # not this task was cancelled, but what it waits for
                self._check_open()
            raise

    def _check_open(self):
        if self._closed:
            raise ValueError("A closed client cannot ask. Received: a request after close(). Make a new client.")
