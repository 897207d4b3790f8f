import socket
import time

import pytest

from kmm.serving.client.timed_socket import TimedSocket


@pytest.fixture
def pair():
    """A timed socket with a tenth of a second, and the other end."""
    ours, theirs = socket.socketpair()
    timed = TimedSocket(ours, time.monotonic() + 0.1)
    yield timed, theirs
    timed.close()
    theirs.close()


def test_reads_and_sends(pair):
    timed, theirs = pair
    timed.sendall(memoryview(b"question"))
    assert theirs.recv(100) == b"question"
    theirs.sendall(b"line\nrest")
    with timed.makefile("rb") as file:
        assert file.readline() == b"line\n" and file.read1(100) == b"rest"
        theirs.close()
        assert file.read() == b""


def test_a_file_outlives_its_socket(pair):
    timed, theirs = pair
    with timed.makefile("rb") as file:
        timed.close()
        theirs.sendall(b"rest")
        assert file.read1(100) == b"rest"


def test_reading_ends_at_the_deadline(pair):
    timed, _ = pair
    with timed.makefile("rb") as file, pytest.raises(TimeoutError):
        file.read(1)
    timed.deadline = time.monotonic() - 1
    with timed.makefile("rb") as file, pytest.raises(TimeoutError, match="the deadline has passed"):
        file.read(1)


def test_sending_ends_at_the_deadline(pair):
    timed, _ = pair
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        timed.sendall(bytes(50_000_000))
    assert time.monotonic() - begin < 2


def test_connects_to_the_first_address_that_answers(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", at) for at in (closed, listener.getsockname())]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)
        timed = TimedSocket.connect("name", 1, time.monotonic() + 5)
        connection, _ = listener.accept()
        timed.sendall(b"hello")
        assert connection.recv(10) == b"hello"
        connection.close()
        timed.close()
    with pytest.raises(ConnectionRefusedError):
        TimedSocket.connect("name", 1, time.monotonic() + 5)
    with pytest.raises(TimeoutError, match="the deadline has passed"):
        TimedSocket.connect("name", 1, time.monotonic() - 1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: [])
    with pytest.raises(OSError, match="name has no address"):
        TimedSocket.connect("name", 1, time.monotonic() + 5)
