import json
import shlex
import subprocess

import pytest

from kmm.serving.deployment.serving_commands import serving_commands


def make_version(folder, **card):
    extra = folder / "1" / "assets.extra"
    extra.mkdir(parents=True)
    if card:
        (extra / "model_card.json").write_text(json.dumps(card))
    return folder / "1"


def request_of(text):
    """The JSON that the `curl` command sends, with another word for the picture."""
    (line,) = [line for line in text.splitlines() if line.startswith("echo ")]
    words = shlex.split(line.replace("\"$(base64 < street.jpg | tr -d '\\n')\"", "PICTURE"))
    assert words[2:5] == ["|", "curl", "--data-binary"]
    assert words[-1] == "http://127.0.0.1:8501/v1/models/streets:predict"
    return json.loads(words[1])


@pytest.mark.parametrize(
    ("card", "signature", "row"),
    [
        (
            {"endpoints": {"serving_default": {}, "segment": {}}, "reads_words": True},
            "segment",
            {"prompt": "the red car", "threshold": 0},
        ),
        ({"endpoints": {"segment": {}}, "reads_words": False}, "segment", {"threshold": 0}),
        ({}, "serving_default", {"prompt": "the red car"}),
    ],
)
def test_the_request_suits_the_export(tmp_path, card, signature, row):
    text = serving_commands(tmp_path, "serving", "streets", make_version(tmp_path, **card))
    assert request_of(text) == {
        "signature_name": signature,
        "instances": [{"image_bytes": {"b64": "PICTURE"}} | row],
    }
    assert ("['the red car']" in text) == ("prompt" in row)


def test_commands(tmp_path):
    directory = tmp_path / "my run" / "saved_model"
    text = serving_commands(directory, tmp_path / "my serving", "streets", make_version(directory))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    words = [shlex.split(line, comments=True) for line in lines if not line.startswith("echo ")]
    assert all(w[0] in ("docker", "curl", "python", "kmm", "kubectl") for w in words)
    assert words[0][:4] == ["docker", "compose", "--file", str(tmp_path / "my serving" / "docker-compose.yaml")]
    assert ["kubectl", "cp", str(directory), "streets-upload:/models/unfinished"] in words
    (python,) = [w[2] for w in words if w[0] == "python"]
    compile(python, "command", "exec")


def test_versions_are_copied_into_a_cluster_again_and_again(tmp_path):
    """The commands for `kubectl` run here, in a folder that stands for the volume."""
    text = serving_commands("export", "serving", "kmm", make_version(tmp_path))
    words = [shlex.split(line) for line in text.splitlines() if line.startswith("kubectl")]
    steps = [w for w in words if w[1] == "cp" or w[1] == "exec"]
    assert [w[1] for w in steps] == ["exec", "cp", "exec"]
    volume, export = tmp_path / "volume", tmp_path / "export"
    volume.mkdir()

    def upload():
        for w in steps:
            inside = [word.replace("/models", str(volume)) for word in w[w.index("--") + 1 :]] if "--" in w else []
            command = inside or ["cp", "-r", export, volume / "unfinished"]
            subprocess.run(command, check=True, timeout=10)

    for name in ("1", "unfinished-7-2", "1.old", "serving_config"):
        (export / name).mkdir(parents=True)
        (export / name / "saved_model.pb").write_text("first")
    (volume / "unfinished" / "9").mkdir(parents=True)  # of an upload that was broken off
    upload()
    assert [path.name for path in volume.iterdir()] == ["1"]
    (export / "1" / "saved_model.pb").write_text("changed")
    (export / "12").mkdir()
    upload()
    assert sorted(path.name for path in volume.iterdir()) == ["1", "12"]
    assert [path.name for path in (volume / "1").iterdir()] == ["saved_model.pb"]
    assert (volume / "1" / "saved_model.pb").read_text() == "first", "a server may be reading it"
