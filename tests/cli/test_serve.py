import json
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from kmm import serving
from tests.cases.served_echo import write_echo


@pytest.fixture
def served(monkeypatch):
    """What the command passes to `serve`."""
    calls = []
    monkeypatch.setattr(serving, "serve", lambda model, **settings: calls.append((model, settings)))
    return calls


def test_arguments(served, capsys):
    from kmm.cli.main import main

    assert main(["serve", "--model", "exports"]) == 0
    words = "--name street --rest-port 0 --versions 1 3 --labels stable=1 canary=3 --max-body-mib 8 --request-seconds 5"
    assert main(["serve", "--model", "exports", *words.split()]) == 0
    (model, default), (_, given) = served
    announce = default.pop("on_start")
    assert model == "exports" and serving.ModelServer("exports", **default).versions == "latest"
    server = serving.ModelServer("exports", **{key: value for key, value in given.items() if key != "on_start"})
    assert (server.name, server.rest_port, server.versions, server.max_body_mib) == ("street", 0, [1, 3], 8)
    assert server.request_seconds == 5.0 and server.labels == {"stable": 1, "canary": 3}
    announce(server)
    assert capsys.readouterr().out == "serving 'street' version  at  and \n"


def test_defaults_are_those_of_the_server(served):
    from kmm.cli.main import main

    main(["serve", "--model", "exports"])
    settings = {key: value for key, value in served[0][1].items() if key != "on_start"}
    defaults = vars(serving.ModelServer("exports"))
    assert settings == {key: defaults[key] for key in settings}


def test_errors(fails, tmp_path, capsys):
    assert "folder of the versions must exist" in fails("serve", "--model", tmp_path / "nowhere")
    assert "--versions must be latest, all, or numbers" in fails("serve", "--model", tmp_path, "--versions", "newest")
    assert "must be given once" in fails("serve", "--model", tmp_path, "--labels", "stable=1", "stable=2")
    assert "name must have a letter" in fails("serve", "--model", tmp_path, "--name", "a/b")


def test_a_wrong_label(capsys):
    from kmm.cli.main import main

    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--model", "exports", "--labels", "stable"])
    assert "must be LABEL=VERSION, such as stable=1. Received: stable" in capsys.readouterr().err


@pytest.mark.slow
def test_a_process_answers_and_ends_with_0(tmp_path):
    write_echo(tmp_path / "7")
    command = [sys.executable, "-m", "kmm.cli.main", "serve", "--rest-port", "0", "--grpc-port", "0"]
    with subprocess.Popen([*command, "--model", str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            found = re.fullmatch(
                r"serving 'kmm' version 7 at (http://127.0.0.1:\d+) and (grpc://127.0.0.1:\d+)\n", line
            )
            with urllib.request.urlopen(f"{found[1]}/v1/models/kmm", timeout=10) as answer:
                assert json.load(answer)["model_version_status"][0]["state"] == "AVAILABLE"
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
