import asyncio
import time

import pytest

from kmm.serving.server.request_error import RequestError
from kmm.serving.server.uploads import Uploads


async def never():
    await asyncio.sleep(30)


async def soon():
    return b"here"


def test_a_message_has_a_time():
    with pytest.raises(RequestError, match="must arrive within 0.02 seconds") as caught:
        asyncio.run(Uploads(seconds=0.02).receive(never))
    assert caught.value.code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("age", [0.0, 0.05])
def test_who_stops_halfway_does_not_hold_up_others_for_long(age):
    async def main():
        uploads = Uploads(most=2, seconds=30.0, hurried_seconds=0.04)
        stalled = [asyncio.create_task(uploads.receive(never)) for _ in range(2)]
        await asyncio.sleep(age)
        start = time.monotonic()
        assert await asyncio.gather(*(uploads.receive(soon) for _ in range(5))) == [b"here"] * 5
        assert time.monotonic() - start < 5
        assert [error.code for error in await asyncio.gather(*stalled, return_exceptions=True)] == [
            "DEADLINE_EXCEEDED"
        ] * 2

    asyncio.run(main())


def test_so_many_arrive_at_a_time():
    async def main():
        uploads, together = Uploads(most=2), []

        async def read():
            together.append(2 - uploads._turns._value)
            await asyncio.sleep(0)

        await asyncio.gather(*(uploads.receive(read) for _ in range(6)))
        assert max(together) == 2 and uploads._turns._value == 2

    asyncio.run(main())


def test_what_is_on_its_way_can_be_hurried():
    async def main():
        uploads = Uploads(seconds=30.0, hurried_seconds=0.01)
        stalled = asyncio.create_task(uploads.receive(never))
        await asyncio.sleep(0)
        uploads.hurry()
        with pytest.raises(RequestError, match="must arrive within"):
            await asyncio.wait_for(stalled, 5)

    asyncio.run(main())
