import asyncio
import json
import logging
import socket
import urllib.request

import numpy as np
import pytest

from kmm.serving import ModelServer
from kmm.serving.server import running_server
from kmm.serving.server.running_server import RunningServer
from tests.cases.served_echo import EchoSession


def settings(folder, **changes):
    return ModelServer(folder, rest_port=0, grpc_port=0, **changes)


BODY = json.dumps({"inputs": {"text": ["a"], "numbers": [[1, 2]]}}).encode()


@pytest.fixture
def session(tmp_path, monkeypatch):
    """What the server loads as its only version."""
    session = EchoSession()
    monkeypatch.setattr(running_server, "load_version", lambda path, threads: session)
    (tmp_path / "1").mkdir()
    return session


async def loaded_server(folder, **changes):
    """A server whose version is loaded, and where it is asked."""
    server = RunningServer(settings(folder, **changes))
    await server.start()
    await server.versions.updated.wait()
    return server, f"http://127.0.0.1:{server.rest_port}/v1/models/kmm:predict"


def test_it_listens_until_it_is_stopped(tmp_path, caplog):
    async def main():
        server = RunningServer(settings(tmp_path))
        await server.start()
        with pytest.raises(urllib.error.HTTPError, match="503"):
            await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{server.rest_port}/readyz", timeout=10)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.rest_port)
        writer.write(b"no HTTP at all\r\n\r\n")
        assert b"400 Bad Request" in await reader.readline()
        writer.close()
        assert await server.stop()
        for port in (server.rest_port, server.grpc_port):
            with pytest.raises(OSError, match="refused|Connect call failed"):
                await asyncio.open_connection("127.0.0.1", port)

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert "Error handling request" not in caplog.text


@pytest.mark.parametrize("argument", ["rest_port", "grpc_port"])
def test_a_port_that_is_taken(tmp_path, argument):
    async def main(port):
        await RunningServer(ModelServer(tmp_path, **{"rest_port": 0, "grpc_port": 0, argument: port})).start()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use|the gRPC address must be free"):
            asyncio.run(main(taken.getsockname()[1]))


def test_what_is_in_progress_is_finished_and_nothing_else_taken_on(tmp_path, session):
    session.release.clear()

    async def main():
        server, url = await loaded_server(tmp_path)
        asking = asyncio.create_task(asyncio.to_thread(lambda: urllib.request.urlopen(url, BODY, timeout=10).read()))
        while not server.versions.find().users:
            await asyncio.sleep(0.001)
        stopping = asyncio.create_task(server.stop())
        while not server._admission.closed:
            await asyncio.sleep(0.001)
        assert not session.closed
        session.release.set()
        assert json.loads(await asking)["outputs"]["doubled"] == [[2.0, 4.0]]
        assert await stopping and session.closed

    asyncio.run(main())


def test_requests_that_take_too_long_are_dropped(tmp_path, session, caplog):
    session.release.clear()

    async def main():
        server, url = await loaded_server(tmp_path, drain_seconds=0.05)
        asking = asyncio.create_task(asyncio.to_thread(lambda: urllib.request.urlopen(url, BODY, timeout=10).read()))
        while not server.versions.find().users:
            await asyncio.sleep(0.001)
        server._runner._shutdown_timeout = 0.05
        finished = await server.stop()
        with pytest.raises((urllib.error.URLError, OSError), match="closed|reset|503"):
            await asking
        assert not session.closed, "it runs still"
        session.release.set()
        return finished

    assert not asyncio.run(main())
    assert "requests were still in progress after 0.05 seconds" in caplog.text


def test_an_answer_on_its_way_is_finished(tmp_path, session):
    answer = {"text_bytes": np.array([bytes(2**24)], object), "doubled": np.zeros((1, 2), "float32")}
    session.run = lambda *arguments: answer

    async def main():
        server = RunningServer(settings(tmp_path))
        await server.start()
        await server.versions.updated.wait()
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(slow, ("127.0.0.1", server.rest_port))
            head = f"POST /v1/models/kmm:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
            await loop.sock_sendall(slow, head.encode() + BODY)
            while server._admission.bytes < 2**24:
                await asyncio.sleep(0.001)
            stopping = asyncio.create_task(server.stop())
            await asyncio.sleep(0.05)
            assert server._admission.requests == 1 and not stopping.done()
            received = bytearray()
            while not received.endswith(b"}}"):
                received += await asyncio.wait_for(loop.sock_recv(slow, 2**20), 10)
        assert await stopping
        assert json.loads(received.partition(b"\r\n\r\n")[2])["outputs"]["doubled"] == [[0.0, 0.0]]

    asyncio.run(main())


def test_a_request_that_takes_too_long_is_given_up(tmp_path, session):
    session.release.clear()

    async def main():
        server, url = await loaded_server(tmp_path, request_seconds=0.05)
        with pytest.raises(urllib.error.HTTPError, match="504"):
            await asyncio.to_thread(urllib.request.urlopen, url, BODY, timeout=10)
        session.release.set()
        assert await server.stop()

    asyncio.run(main())
