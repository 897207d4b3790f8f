import asyncio
import logging
import os
import signal
import threading
import time

import pytest

from kmm.serving import serve
from kmm.serving.server.serve import _on_signal
from tests.cases.served_echo import write_echo


def test_it_answers_until_a_signal_arrives(tmp_path):
    seen = []

    def on_start(server):
        seen.extend((server.loaded_versions, server.rest_url))
        os.kill(os.getpid(), signal.SIGTERM)

    write_echo(tmp_path / "7")
    serve(tmp_path, on_start=on_start, rest_port=0, grpc_port=0, poll_seconds=0.02, threads=1)
    assert seen[0] == [7] and seen[1].startswith("http://127.0.0.1:")


def test_an_empty_folder_is_said_and_waited_for(tmp_path, caplog):
    def stop_when_it_waits():
        deadline = time.monotonic() + 20
        while "is loaded yet" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop_when_it_waits)
    with caplog.at_level(logging.WARNING):
        thread.start()
        serve(tmp_path, rest_port=0, grpc_port=0)
        thread.join()
    assert f"no version in {tmp_path} is loaded yet; requests are answered with 503" in caplog.text


def test_what_on_start_raises_is_raised(tmp_path):
    def fail(server):
        raise RuntimeError("no terminal")

    write_echo(tmp_path / "7")
    with pytest.raises(RuntimeError, match="no terminal"):
        serve(tmp_path, on_start=fail, rest_port=0, grpc_port=0, threads=1)


def test_a_second_signal_ends_the_process_at_once(monkeypatch):
    codes, stop = [], asyncio.Event()
    monkeypatch.setattr(os, "_exit", codes.append)
    _on_signal(stop, signal.SIGINT)
    assert stop.is_set() and codes == []
    _on_signal(stop, signal.SIGINT)
    assert codes == [130]
