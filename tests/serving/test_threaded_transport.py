import asyncio
import threading
import time

import pytest

from kmm.serving import ServingError
from kmm.serving.threaded_transport import ThreadedTransport


class Blocking:
    """A transport that waits for a barrier, so that only requests that run at the same time get through."""

    def __init__(self, parties=1):
        self.barrier, self.closed = threading.Barrier(parties), False

    def status(self, timeout):
        self.barrier.wait(timeout)
        return threading.current_thread().name

    def metadata(self, timeout):
        raise ServingError("NOT_FOUND", "none", "http://h")

    def predict(self, *arguments):
        return arguments

    def close(self):
        self.closed = True
        self.barrier.abort()


def run(transport, ask):
    async def main():
        threaded = ThreadedTransport(transport)
        try:
            return await ask(threaded)
        finally:
            await threaded.close()

    return asyncio.run(main())


def test_many_requests_run_at_a_time():
    blocking = Blocking(20)
    names = run(blocking, lambda transport: asyncio.gather(*(transport.status(10) for _ in range(20))))
    assert len(set(names)) == 20 and all(name.startswith("kmm-client") for name in names) and blocking.closed


def test_arguments_and_errors_pass():
    arguments = ("segment", {"prompt": ["car"]}, ["score"], {}, 3.0)
    assert run(Blocking(), lambda transport: transport.predict(*arguments)) == arguments
    with pytest.raises(ServingError, match="NOT_FOUND"):
        run(Blocking(), lambda transport: transport.metadata(1.0))


def test_a_cancelled_task_does_not_wait():
    async def ask(transport):
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transport.status(10.0), 0.05)
        return time.monotonic() - begin

    assert run(Blocking(2), ask) < 5.0
