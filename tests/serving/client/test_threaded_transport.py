import asyncio
import threading
import time

import pytest

from kmm.serving import ServingError
from kmm.serving.client.threaded_transport import ThreadedTransport


class Blocking:
    """A transport that waits for a barrier, so that only requests that run at the same time get through."""

    server = "http://h"

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

    async def until_it_waits(self):
        for _ in range(1000):
            if self.barrier.n_waiting:
                return
            await asyncio.sleep(0.01)
        pytest.fail("no thread within ten seconds")


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
    arguments = ("segment", {"prompt": ["car"]}, ["score"], {})
    *passed, seconds = run(Blocking(), lambda transport: transport.predict(*arguments, 3.0))
    assert tuple(passed) == arguments and 0 < seconds <= 3.0
    with pytest.raises(ServingError, match="NOT_FOUND"):
        run(Blocking(), lambda transport: transport.metadata(1.0))


def test_a_cancelled_task_does_not_wait():
    async def ask(transport):
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transport.status(10.0), 0.05)
        return time.monotonic() - begin

    assert run(Blocking(2), ask) < 5.0


def test_the_time_includes_that_until_a_thread_is_free(monkeypatch):
    monkeypatch.setattr("kmm.serving.client.threaded_transport.NUM_THREADS", 1)
    blocking = Blocking(2)

    async def ask(transport):
        first = asyncio.create_task(transport.status(10.0))
        await blocking.until_it_waits()
        begin = time.monotonic()
        with pytest.raises(ServingError, match="DEADLINE_EXCEEDED.*http://h: no answer within 0.1 seconds"):
            await transport.predict("segment", {}, [], {}, 0.1)
        seconds = time.monotonic() - begin
        first.cancel()
        return seconds

    assert run(blocking, ask) < 5.0


def test_what_is_left_of_the_time_goes_on(monkeypatch):
    monkeypatch.setattr("kmm.serving.client.threaded_transport.NUM_THREADS", 1)
    blocking = Blocking(2)

    async def ask(transport):
        first = asyncio.create_task(transport.status(10.0))
        await blocking.until_it_waits()
        second = asyncio.create_task(transport.predict("segment", {}, [], {}, 5.0))
        await asyncio.sleep(0.1)
        blocking.barrier.wait(5.0)
        await first
        return (await second)[-1]

    assert run(blocking, ask) < 4.95


def test_closing_refuses_what_waits(monkeypatch):
    monkeypatch.setattr("kmm.serving.client.threaded_transport.NUM_THREADS", 1)
    blocking = Blocking(2)

    async def ask(transport):
        tasks = [asyncio.create_task(transport.status(10.0)) for _ in range(3)]
        await blocking.until_it_waits()
        await transport.close()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[0], threading.BrokenBarrierError), "had a thread"
        assert [str(result)[:29] for result in results[1:]] == ["A closed client cannot ask. R"] * 2
        with pytest.raises(ValueError, match="A closed client cannot ask"):
            await transport.status(10.0)

    run(blocking, ask)
