"""Long computations beside an event loop."""

import asyncio
import concurrent.futures

LONG_BYTES = 1 << 20


class SideThread:
    """Reads and writes long messages in one thread of its own, so that the event loop goes on; short ones at once.

    Example:

    >>> side = SideThread()
    >>> asyncio.run(side.run(12, str.upper, "short"))
    'SHORT'
    >>> side.close()
    """

    def __init__(self):
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="kmm-side")

    async def run(self, num_bytes, function, *arguments):
        """What a function returns, which works on so many bytes: above 1 MiB it runs in the thread."""
        if num_bytes <= LONG_BYTES:
            return function(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def close(self):
        """Ends the thread, after what it is doing."""
        self._thread.shutdown(wait=False, cancel_futures=True)
