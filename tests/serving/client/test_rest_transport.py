import contextlib
import http.client
import http.server
import json
import socket
import threading
import time

import numpy as np
import pytest

from kmm.serving import ServingError
from kmm.serving.client.model_address import ModelAddress
from kmm.serving.client.rest_transport import RestTransport

STATES = json.dumps({"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": {}}]}).encode()
SIGNATURE = {"outputs": {"score": {}, "status": {}}}


class Script:
    """What a server answers, one entry for each request: `(status, body, headers)`, "close" or "hang"."""

    def __init__(self):
        self.entries, self.requests, self.connections, self.stopped = [], [], [], threading.Event()


@contextlib.contextmanager
def running(script):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def setup(self):
            super().setup()
            script.connections.append(self)

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.requests.append((self.command, self.path, dict(self.headers), body))
            entry = script.entries.pop(0) if script.entries else (200, STATES, {})
            if entry == "close":
                self.close_connection = True
            elif entry == "hang":
                script.stopped.wait(5)
            else:
                status, content, headers = entry
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            script.stopped.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def transport(script):
    with running(script) as url:
        transport = RestTransport(ModelAddress(url, "kmm", label="stable"), {"Authorization": "Bearer x"})
        yield transport
        transport.close()


def test_asks_as_tensorflow_serving_wants(transport, script):
    assert transport.status(5)[0]["state"] == "AVAILABLE"
    script.entries = [(200, json.dumps({"outputs": {"score": [0.5], "status": ["OK"]}}).encode(), {})]
    outputs = transport.predict("segment", {"prompt": ["car"]}, ["score"], SIGNATURE, 5)
    assert list(outputs) == ["score"] and outputs["score"].tolist() == [0.5]
    (method, path, headers, _), (_, predict_path, _, body) = script.requests
    assert (method, path, predict_path) == (
        "GET",
        "/v1/models/kmm/labels/stable",
        "/v1/models/kmm/labels/stable:predict",
    )
    assert headers["Authorization"] == "Bearer x" and headers["User-Agent"].startswith("kmm/")
    assert json.loads(body) == {"signature_name": "segment", "inputs": {"prompt": ["car"]}}


def test_connections_are_used_again(transport, script):
    for _ in range(3):
        transport.status(5)
    assert len(script.connections) == 1


def test_threads_have_their_own_connections(transport, script):
    threads = [threading.Thread(target=lambda: [transport.status(5) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(script.requests) == 80 and 1 <= len(script.connections) <= 4


def test_an_idle_connection_that_was_closed_is_replaced(transport, script):
    transport.status(5)
    script.entries = ["close"]
    assert transport.status(5)[0]["version"] == 1
    assert len(script.connections) == 2 and len(script.requests) == 3


@pytest.mark.parametrize(
    ("status", "code", "temporary"),
    [
        (400, "INVALID_ARGUMENT", False),
        (404, "NOT_FOUND", False),
        (413, "RESOURCE_EXHAUSTED", False),
        (429, "RESOURCE_EXHAUSTED", True),
        (503, "UNAVAILABLE", True),
        (504, "DEADLINE_EXCEEDED", False),
        (500, "INTERNAL", False),
        (599, "INTERNAL", False),
        (302, "FAILED_PRECONDITION", False),
    ],
)
def test_refusals(transport, script, status, code, temporary):
    script.entries = [(status, b'{"error": "it is so"}', {"Retry-After": "7"})]
    with pytest.raises(ServingError, match="it is so") as caught:
        transport.status(5)
    error = caught.value
    assert (error.code, error.http_status, error.temporary, error.retry_after) == (code, status, temporary, 7.0)


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"\xff\xfe", b"", b'{"error": 3}', b"[]", b"nan"])
def test_refusals_without_a_text(transport, script, body):
    script.entries = [(502, body, {"Retry-After": "Wed, 21 Oct 2026"})]
    with pytest.raises(ServingError, match="UNAVAILABLE") as caught:
        transport.status(5)
    assert caught.value.retry_after is None and caught.value.temporary


def test_refusals_with_quotes_as_tensorflow_serving_writes_them(transport, script):
    script.entries = [(400, rb"""{ "error": "Missing \'inputs\' or \"x\" key" }""", {})]
    with pytest.raises(ServingError, match="INVALID_ARGUMENT") as caught:
        transport.status(5)
    assert caught.value.text == """Missing 'inputs' or "x" key"""


@pytest.mark.parametrize(
    "body", [b"no JSON", b"", b"[]", b"[" * 100_000, b"{}", b'{"outputs": {"score": [{"b65": 1}], "status": []}}']
)
def test_unreadable_answers(transport, script, body):
    script.entries = [(200, body, {})]
    with pytest.raises(ServingError, match="an unreadable answer"):
        transport.predict("segment", {}, ["score"], SIGNATURE, 5)


def test_no_server():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ServingError, match="UNAVAILABLE.*ConnectionRefused") as caught:
        RestTransport(ModelAddress(f"http://127.0.0.1:{port}", "kmm"), {}).status(5)
    assert caught.value.temporary


def test_a_server_that_breaks_off(transport, script):
    script.entries = ["close"]
    with pytest.raises(ServingError, match="UNAVAILABLE.*RemoteDisconnected") as caught:
        transport.status(5)
    assert caught.value.temporary
    script.entries = [(200, STATES[:10], {"Content-Length": "1000", "Connection": "close"})]
    with pytest.raises(ServingError, match="UNAVAILABLE.*IncompleteRead"):
        transport.status(5)


def test_a_server_that_hangs(transport, script):
    script.entries = ["hang"]
    begin = time.monotonic()
    with pytest.raises(ServingError, match="DEADLINE_EXCEEDED.*no answer within 0.1 seconds") as caught:
        transport.status(0.1)
    assert time.monotonic() - begin < 2 and not caught.value.temporary


@pytest.mark.parametrize("dribbled", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_a_server_that_dribbles(dribbled):
    """In the first line, in the headers, in the body."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(dribbled)
                for _ in range(100):
                    connection.sendall(b"x")
                    if stopped.wait(0.02):
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        begin = time.monotonic()
        with pytest.raises(ServingError, match="DEADLINE_EXCEEDED"):
            RestTransport(ModelAddress(f"http://127.0.0.1:{listener.getsockname()[1]}", "kmm"), {}).status(0.2)
        assert time.monotonic() - begin < 1.5, "not the two seconds of the whole answer"
        stopped.set()
        thread.join()


def test_the_time_is_for_connecting_sending_and_waiting_together(transport, script, monkeypatch):
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda own, address: (time.sleep(0.4), connect(own, address))[1])
    script.entries = ["hang"]
    begin = time.monotonic()
    with pytest.raises(ServingError, match="DEADLINE_EXCEEDED.*no answer within 0.5 seconds"):
        transport.status(0.5)
    assert time.monotonic() - begin < 0.8


def test_a_body_that_is_refused_before_it_is_read():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                content = b'{"error": "too large"}'
                connection.sendall(b"HTTP/1.1 413 No\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))
                connection.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=refuse)
        thread.start()
        transport = RestTransport(ModelAddress(f"http://127.0.0.1:{listener.getsockname()[1]}", "kmm"), {})
        # The answer is there to be read, or the reset connection took it away: that is the network's choice.
        with pytest.raises(ServingError, match="HTTP 413.*too large|UNAVAILABLE"):
            transport.predict("segment", {"image_bytes": [bytes(30_000_000)]}, ["score"], SIGNATURE, 5)
        thread.join()
        transport.close()


def test_closed(transport):
    transport.status(5)
    transport.close()
    with pytest.raises(ValueError, match="A closed client cannot ask"):
        transport.status(5)


def test_encryption():
    transport = RestTransport(ModelAddress("https://127.0.0.1", "kmm"), {})
    connection, is_new = transport._take()
    assert is_new and isinstance(connection, http.client.HTTPSConnection) and connection.port == 443


def test_large_numbers_of_bytes_are_sent_once_encoded(transport, script):
    script.entries = [(200, json.dumps({"outputs": {"score": [0.5, 1], "status": ["OK", "OK"]}}).encode(), {})]
    content = np.random.default_rng(0).bytes(300_000)
    transport.predict("segment", {"image_bytes": [content, content]}, ["score"], SIGNATURE, 5)
    assert len(script.requests[0][3]) < 2 * 400_000 + 200
