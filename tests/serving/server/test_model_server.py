import json
import shutil
import sys
import time
import urllib.request

import pytest

from kmm.serving import ModelServer
from tests.cases.served_echo import write_echo


def ask(server, path="", **document):
    data = json.dumps(document).encode() if document else None
    with urllib.request.urlopen(f"{server.rest_url}/v1/models/echo{path}", data, timeout=10) as answer:
        return json.load(answer)


def doubled(server, path=""):
    return ask(server, path + ":predict", inputs={"text": ["a"], "numbers": [[1, 2]]})["outputs"]["doubled"]


def test_versions_come_and_go_while_it_answers(tmp_path):
    write_echo(tmp_path / "1")
    settings = {"name": "echo", "rest_port": 0, "grpc_port": 0, "poll_seconds": 0.02, "threads": 1}
    with ModelServer(tmp_path, **settings) as server:
        assert server.rest_url.startswith("http://127.0.0.1:") and server.grpc_url.startswith("grpc://127.0.0.1:")
        assert server.loaded_versions == [1] and doubled(server) == [[2.0, 4.0]]
        write_echo(tmp_path / "unfinished", factor=3.0)
        (tmp_path / "unfinished").rename(tmp_path / "2")
        (tmp_path / "3").mkdir()
        deadline = time.monotonic() + 20
        while (
            doubled(server) != [[3.0, 6.0]] or ask(server, "/versions/3")["model_version_status"][0]["state"] != "END"
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        status = ask(server, "/versions/3")["model_version_status"][0]["status"]
        assert status["error_code"] != "OK" and "saved_model.pb" in status["error_message"]
        assert doubled(server, "/versions/2") == [[3.0, 6.0]]
    assert server.rest_url == server.grpc_url == "" and server.loaded_versions == []
    shutil.rmtree(tmp_path / "3")
    with server:
        assert server.loaded_versions == [2]


def test_a_folder_that_is_missing_fails_at_the_start(tmp_path):
    server = ModelServer(tmp_path / "nowhere", rest_port=0, grpc_port=0)
    with pytest.raises(FileNotFoundError, match="must exist"):
        server.start()
    server.stop()


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "kmm.serving.server.running_server", raising=False)
    with pytest.raises(ImportError, match=r'pip install "kmm\[serving\]"'):
        ModelServer(tmp_path, rest_port=0, grpc_port=0).start()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rest_port": -1}, "rest_port must be 0 to 65535. Received: rest_port=-1"),
        ({"grpc_port": 65536}, "grpc_port must be 0 to 65535"),
        ({"max_batch_size": 0}, "max_batch_size must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"max_rows": 0}, "max_rows must be at least 1"),
        ({"request_seconds": 0}, "request_seconds must be above 0"),
        ({"poll_seconds": -1}, "poll_seconds must not be negative"),
        ({"threads": -1}, "threads must not be negative"),
        ({"name": ""}, "name must have a letter"),
        ({"name": "a/b"}, "name must have a letter, and no slash"),
        ({"versions": "newest"}, "versions must be 'latest', 'all' or a list of numbers. Received: versions='newest'"),
        ({"versions": ["1"]}, "versions must be 'latest', 'all' or a list"),
        ({"labels": {"stable": "1"}}, "labels must map words to numbers"),
    ],
)
def test_errors(change, words):
    with pytest.raises(ValueError, match=words):
        ModelServer("exports", **change)


def test_it_cannot_be_started_twice(tmp_path):
    with ModelServer(tmp_path, rest_port=0, grpc_port=0) as server:
        with pytest.raises(RuntimeError, match="must be stopped before it is started again. Received: it runs, http:"):
            server.start()
        assert server.rest_url


def test_what_goes_wrong_while_it_runs_is_raised_at_the_end(tmp_path, monkeypatch):
    server = ModelServer(tmp_path, rest_port=0, grpc_port=0).start()
    running = server._running
    stop = running.stop

    async def fail():
        await stop()
        raise OSError("the disk is gone")

    monkeypatch.setattr(running, "stop", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        server.stop()
    server.stop()
