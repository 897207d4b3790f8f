import logging
import os
import signal
import threading
import time

from kmm.serving import serve
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
