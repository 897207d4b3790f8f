"""A blocking transport, for asyncio."""

import asyncio
import concurrent.futures
import functools

NUM_THREADS = 32
"""The most requests that wait for an answer at a time; further ones wait for a thread."""


class ThreadedTransport:
    """Runs a `RestTransport` in threads of its own, for `AsyncClient`.

    So REST needs the standard library alone here too. A task that is cancelled stops waiting; its request goes on in
    its thread until it is answered or its time is over.

    Args:
        transport: `RestTransport`.

    Example:

    >>> from kmm.serving.model_address import ModelAddress
    >>> from kmm.serving.rest_transport import RestTransport
    >>> transport = ThreadedTransport(RestTransport(ModelAddress("http://127.0.0.1:8501", "kmm"), {}))
    >>> asyncio.run(transport.close())
    """

    def __init__(self, transport):
        self._transport = transport
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
        """Closes the connections; waits for nothing."""
        self._transport.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, method, *arguments, timeout):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(method, *arguments, timeout))
