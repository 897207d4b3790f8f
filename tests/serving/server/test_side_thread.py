import asyncio
import threading

import pytest

from kmm.serving.server.side_thread import LONG_BYTES, SideThread


@pytest.mark.parametrize(("num_bytes", "beside"), [(LONG_BYTES, False), (LONG_BYTES + 1, True)])
def test_what_is_long_runs_beside_the_event_loop(num_bytes, beside):
    side = SideThread()
    found = asyncio.run(side.run(num_bytes, threading.current_thread))
    side.close()
    assert (found is not threading.current_thread()) == beside


def test_errors_go_through():
    side = SideThread()
    with pytest.raises(ValueError, match="invalid literal"):
        asyncio.run(side.run(2 * LONG_BYTES, int, "x"))
    side.close()
