import asyncio

import pytest

from kmm.serving.server.admission import Admission
from kmm.serving.server.request_error import RequestError


def test_bytes_are_given_back_whatever_happens():
    admission = Admission(max_bytes=10)
    with pytest.raises(RuntimeError, match="failed"), admission.request() as add_bytes:
        add_bytes(10)
        raise RuntimeError("failed")
    assert admission.bytes == admission.requests == 0


def test_too_many_bytes_are_refused():
    admission = Admission(max_bytes=10)
    with admission.request() as add_bytes, admission.request() as add_more:
        add_bytes(6)
        with pytest.raises(RequestError, match="as many bytes") as caught:
            add_more(5)
        add_more(4)
    assert caught.value.code == "RESOURCE_EXHAUSTED" and admission.bytes == 0


def test_nothing_is_taken_on_after_close():
    admission = Admission(max_bytes=10)
    admission.close()
    with pytest.raises(RequestError, match="shutting down") as caught, admission.request():
        pass
    assert caught.value.http_status == 503


def test_drained_waits_for_the_requests():
    async def check():
        admission = Admission(max_bytes=10)
        assert await admission.drained(5)
        with admission.request():
            assert not await admission.drained(0.01)
            waiting = asyncio.create_task(admission.drained(5))
            await asyncio.sleep(0)
        assert await waiting

    asyncio.run(check())
