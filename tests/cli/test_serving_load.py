import argparse
import json

import pytest
from PIL import Image

import kmm.serving
from kmm.cli.serving_load import add_load
from kmm.serving.load.load_report import load_report


@pytest.fixture
def run():
    """Runs `kmm serving load` with these words."""

    def call(*words):
        parser = argparse.ArgumentParser()
        add_load(parser.add_subparsers())
        args = parser.parse_args(["load", "--url", "http://127.0.0.1:1", *map(str, words)])
        return args.run_subcommand(args)

    return call


@pytest.fixture
def asked(monkeypatch):
    """What `measure_load` was called with; its second answer of three is an error."""
    calls = []

    def measure_load(url, **arguments):
        calls.append({"url": url, **arguments})
        answers = ("OK", "UNAVAILABLE", "OK")[: arguments["num_requests"]]
        return load_report([{"start": i, "latency": 0.5, "answer": answer} for i, answer in enumerate(answers)])

    monkeypatch.setattr(kmm.serving, "measure_load", measure_load)
    return calls


def test_table_json_and_picture(run, asked, tmp_path, capsys):
    assert run("--requests", 3, "--rate", 20, "--rows", 2, "--output", tmp_path / "load") == 1
    text = capsys.readouterr().out
    assert "UNAVAILABLE" in text and "p99" in text
    assert json.loads((tmp_path / "load/load.json").read_text())["errors"] == 1
    with Image.open(tmp_path / "load/load.png") as picture:
        assert picture.width > 1000
    assert asked[0]["rate"] == 20 and asked[0]["prompts_per_request"] == 2 and asked[0]["images"] == []


def test_files_and_folders_of_pictures(run, asked, tmp_path):
    for name in ("a.jpg", "b.PNG", "notes.txt", "inner/c.jpeg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert run("--requests", 1, "--image", tmp_path / "a.jpg", tmp_path) == 0
    assert asked[0]["images"] == [tmp_path / "a.jpg"]  # no more pictures than requests
    run("--requests", 9, "--image", tmp_path)
    assert [path.name for path in asked[1]["images"]] == ["a.jpg", "b.PNG", "c.jpeg"]


def test_errors(run, tmp_path):
    with pytest.raises(OSError, match="UNAVAILABLE from http://127.0.0.1:1"):
        run("--timeout", 5)
    with pytest.raises(ValueError, match="must hold JPEG or PNG files. Received: "):
        run("--image", tmp_path)
