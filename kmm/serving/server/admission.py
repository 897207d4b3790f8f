"""How much a server takes on at a time."""

import asyncio
import contextlib

from kmm.serving.server.request_error import RequestError


class Admission:
    """Counts the requests that are being answered and the bytes that they hold.

    It belongs to one event loop. When it is closed, new requests are refused and `drained` waits for the others.

    Args:
        max_bytes: how many bytes of requests are held at a time; more are refused with `RESOURCE_EXHAUSTED`.

    Example:

    >>> admission = Admission(max_bytes=100)
    >>> with admission.request() as add_bytes:
    ...     add_bytes(70)
    ...     admission.requests, admission.bytes
    (1, 70)
    >>> admission.requests, admission.bytes
    (0, 0)
    """

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes
        self.bytes = 0
        self.requests = 0
        self.closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    @contextlib.contextmanager
    def request(self):
        """A context for one request; its value is a function that counts bytes of the request as they arrive.

        Raises:
            RequestError: `UNAVAILABLE` after `close`; the function: `RESOURCE_EXHAUSTED`.
        """
        if self.closed:
            raise RequestError("UNAVAILABLE", "The server is shutting down; ask another one or try again later.")
        held = 0

        def add_bytes(count):
            nonlocal held
            if self.bytes + count > self.max_bytes:
                raise RequestError("RESOURCE_EXHAUSTED", "The server holds as many bytes of requests as it may; wait.")
            held += count
            self.bytes += count

        self.requests += 1
        self._empty.clear()
        try:
            yield add_bytes
        finally:
            self.bytes -= held
            self.requests -= 1
            if not self.requests:
                self._empty.set()

    def close(self):
        """Refuses new requests from now on."""
        self.closed = True

    async def drained(self, seconds):
        """Waits until no request is being answered, at most so many seconds; True when there is none left."""
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True
