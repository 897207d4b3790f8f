import pytest

from kmm.serving import ServingError
from kmm.serving.client.attempts import LONGEST_PAUSE, Attempts


def make_error(code="UNAVAILABLE", temporary=True, retry_after=None):
    return ServingError(code, "busy", "http://h", temporary=temporary, retry_after=retry_after)


def test_pauses_double_up_to_a_limit():
    attempts = Attempts(timeout=1000.0, retries=12)
    pauses = [attempts.pause_after(make_error()) for _ in range(12)]
    for number, pause in enumerate(pauses):
        assert 0.5 <= pause / min(LONGEST_PAUSE, 0.1 * 2**number) <= 1.5
    with pytest.raises(ServingError, match="busy"):
        attempts.pause_after(make_error())


def test_pauses_differ_by_chance():
    assert len({Attempts(1000.0, 1).pause_after(make_error()) for _ in range(20)}) > 10


def test_waits_as_long_as_the_server_asks():
    pauses = {Attempts(1000.0, 1).pause_after(make_error(retry_after=1.0)) for _ in range(20)}
    assert min(pauses) >= 1.0 and max(pauses) < 1.2
    assert len(pauses) > 10, "clients that were refused at one moment do not come back at one moment"


def test_errors_of_the_request_are_final():
    with pytest.raises(ServingError, match="INVALID_ARGUMENT"):
        Attempts(1000.0, 3).pause_after(make_error("INVALID_ARGUMENT", temporary=False))
    assert Attempts(1000.0, 3, codes=("NOT_FOUND",)).pause_after(make_error("NOT_FOUND", temporary=False)) > 0


def test_no_pause_beyond_the_deadline():
    attempts = Attempts(timeout=0.02, retries=3)
    assert 0 < attempts.seconds_left() <= 0.02
    with pytest.raises(ServingError, match="busy"):
        attempts.pause_after(make_error())
    assert Attempts(timeout=1e-9, retries=3).seconds_left() > 0
