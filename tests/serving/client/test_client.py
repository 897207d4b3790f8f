import io
import shutil
import threading
import time

import numpy as np
import pytest
from PIL import Image

from kmm.serving import AsyncClient, Client, ServingError
from kmm.serving.client.grpc_transport import GrpcTransport
from kmm.serving.client.rest_transport import RestTransport

AVAILABLE = [{"version": 1, "state": "AVAILABLE", "error_code": "OK", "error_message": ""}]


class Flaky:
    """A transport that fails with the given errors, in turn, before it answers."""

    def __init__(self, *errors):
        self.errors, self.calls, self.seconds = list(errors), 0, []

    def status(self, timeout):
        self.calls += 1
        self.seconds.append(timeout)
        if self.errors:
            raise self.errors.pop(0)
        return AVAILABLE

    def close(self):
        self.calls = -1


def busy(code="UNAVAILABLE", temporary=True):
    return ServingError(code, "busy", "http://h", temporary=temporary)


@pytest.fixture
def make_client(monkeypatch):
    monkeypatch.setattr("kmm.serving.client.attempts.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("kmm.serving.client.attempts.LONGEST_PAUSE", 0.002)

    def make(transport, **arguments):
        client = Client("http://127.0.0.1:1", **arguments)
        client._transport = transport
        return client

    return make


def test_tries_again_where_that_may_help(make_client):
    transport = Flaky(busy(), busy("RESOURCE_EXHAUSTED"), busy())
    assert make_client(transport).status() == AVAILABLE and transport.calls == 4
    assert all(0 < seconds <= 30 for seconds in transport.seconds)


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "NOT_FOUND", "DEADLINE_EXCEEDED", "INTERNAL"])
def test_does_not_try_again_where_it_cannot_help(make_client, code):
    transport = Flaky(busy(code, temporary=False))
    with pytest.raises(ServingError, match=code):
        make_client(transport).status()
    assert transport.calls == 1


def test_gives_up(make_client):
    transport = Flaky(*[busy() for _ in range(9)])
    with pytest.raises(ServingError, match="busy"):
        make_client(transport, retries=2).status()
    assert transport.calls == 3
    with pytest.raises(ServingError, match="busy"):
        make_client(transport, retries=0).status()
    assert transport.calls == 4


def test_the_deadline_is_for_all_tries(make_client):
    transport = Flaky(*[busy() for _ in range(500)])
    begin = time.monotonic()
    with pytest.raises(ServingError, match="busy"):
        make_client(transport, retries=1000, timeout=0.1).status()
    assert time.monotonic() - begin < 2.0 and 3 < transport.calls < 500


def test_waits_until_ready(make_client):
    transport = Flaky(*[busy() for _ in range(20)], busy("NOT_FOUND", temporary=False))
    assert make_client(transport, retries=0).wait_until_ready(5) == 1 and transport.calls == 22
    with pytest.raises(ServingError, match="busy"):
        make_client(Flaky(*[busy() for _ in range(500)])).wait_until_ready(0.05)
    with pytest.raises(ServingError, match="INTERNAL"):
        make_client(Flaky(busy("INTERNAL", temporary=False))).wait_until_ready(5)


def test_the_scheme_chooses():
    with Client("http://127.0.0.1:1", model="street", version=3) as client:
        assert isinstance(client._transport, RestTransport)
        assert repr(client) == "Client('http://127.0.0.1:1 (model 'street' version 3)')"
    with Client("grpc://127.0.0.1:1") as client:
        assert isinstance(client._transport, GrpcTransport)
    transport = Flaky()
    with Client("https://127.0.0.1") as client:
        client._transport = transport
    assert transport.calls == -1


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": "127.0.0.1:8501"}, "must start with one of http://"),
        ({"timeout": 0}, "timeout must be positive seconds. Received: timeout=0"),
        ({"timeout": float("inf")}, "timeout must be positive seconds"),
        ({"retries": -1}, "retries must be an integer from 0. Received: retries=-1"),
        ({"retries": 1.5}, "retries must be an integer from 0"),
        ({"max_rows": 0}, "max_rows must be a positive integer"),
        ({"version": 1, "label": "stable"}, "Only one of version and label"),
    ],
)
def test_errors(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"url": "http://127.0.0.1:8501"} | arguments)


def test_threads_share_a_client(make_client):
    client, answers = make_client(Flaky()), []
    threads = [threading.Thread(target=lambda: answers.append(client.status())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [AVAILABLE] * 8


@pytest.mark.slow
def test_masks_are_right_when_another_version_has_other_classes(tiny_export, photographs, tmp_path):
    from kmm.export import SavedModelSession, export_saved_model
    from kmm.serving import ModelServer
    from tests.serving.conftest import build_tiny_model

    folder = tmp_path / "versions"
    shutil.copytree(tiny_export / "1", folder / "1")
    other = export_saved_model(build_tiny_model(num_classes=3), tmp_path / "other", verify=False)
    with SavedModelSession(other) as session:
        inputs = {"image_bytes": photographs[:1], "prompt": [b"left"], "threshold": np.zeros(1, "float32")}
        png = session.run(inputs, "segment")["mask_png_bytes"][0]
    with Image.open(io.BytesIO(png)) as picture:
        expected = np.asarray(picture)
    with ModelServer(folder, rest_port=0, grpc_port=0, poll_seconds=0.1) as server:
        clients = [Client(url) for url in (server.rest_url, server.grpc_url)]
        assert all(set(np.unique(client.segment(photographs[0], "left").masks)) <= {0, 1} for client in clients)
        other.rename(folder / "2")
        for _ in range(600):
            if [entry["state"] for entry in clients[0].status() if entry["version"] == 2] == ["AVAILABLE"]:
                break
            time.sleep(0.1)
        for client in clients:
            assert np.array_equal(client.segment(photographs[0], "left").masks[0], expected), "of version 2, as it is"
            client.close()
    assert expected.max() > 1, "a mask with the class 1 alone would be the same in both versions"
