"""Messages on their way to a server."""

import asyncio

from kmm.serving.server.request_error import RequestError


class Uploads:
    """Receives a bounded number of messages at a time, each within a time.

    gRPC holds what has arrived of a message and tells nobody, so the number of those that arrive at a time bounds the
    memory. While others wait for their turn, a message has less time: who stops halfway does not hold them up for long.

    It belongs to one event loop.

    Args:
        most: how many messages may arrive at a time.
        seconds: how long one may take.
        hurried_seconds: how long one may take while others wait.

    Example:

    >>> async def read():
    ...     return b"a message"
    >>> asyncio.run(Uploads().receive(read))
    b'a message'
    """

    def __init__(self, most=16, seconds=60.0, hurried_seconds=5.0):
        self._seconds = seconds
        self._hurried_seconds = hurried_seconds
        self._turns = asyncio.Semaphore(most)
        self._starts = {}
        self._waiting = 0

    async def receive(self, read):
        """What the coroutine function `read` returns, when it is its turn.

        Raises:
            RequestError: `DEADLINE_EXCEEDED`: it takes too long.
        """
        self._waiting += 1
        try:
            if self._turns.locked():
                self.hurry()
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        seconds = self._hurried_seconds if self._waiting else self._seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                self._starts[limit] = asyncio.get_running_loop().time()
                return await read()
        except TimeoutError:
            raise RequestError(
                "DEADLINE_EXCEEDED",
                f"A message must arrive within {self._seconds} seconds, {self._hurried_seconds} while others wait.",
            ) from None
        finally:
            self._starts.pop(limit, None)
            self._turns.release()

    def hurry(self):
        """Gives the messages that arrive now no more time than while others wait."""
        now = asyncio.get_running_loop().time()
        for limit, start in self._starts.items():
            if not limit.expired():
                limit.reschedule(min(limit.when(), max(now, start + self._hurried_seconds)))
