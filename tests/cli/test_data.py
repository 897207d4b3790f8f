import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from kmm.cli.main import main


def check(capsys, *argv):
    """Exit code, standard output and standard error of `kmm data check`."""
    code = main(["data", "check", *map(str, argv)])
    return code, *capsys.readouterr()


def test_a_sound_folder(streets, capsys):
    code, text, errors = check(capsys, streets)
    assert code == 0 and errors == ""
    lines = text.splitlines()
    assert lines[0] == "streets (semantic)" and lines[-1] == "no problems"
    assert ["train", "4", "0", "16", "40/40/40", "48/48/48"] in [line.split() for line in lines]
    assert ["car", "720", "6.25%", "4", "2"] in [line.split() for line in lines]


def test_json(streets, capsys):
    code, text, _ = check(capsys, streets, "--json", "--task", "referring", "--limit", 2)
    report = json.loads(text)
    assert code == 0 and report["task"] == "referring" and report["problems"] == []
    assert {split: found["read"] for split, found in report["splits"].items()} == {"train": 2, "val": 2}


def test_everything_that_is_wrong_is_listed(streets, capsys):
    folder = pathlib.Path(streets)
    (folder / "train" / "masks" / "1.png").write_bytes(b"junk")
    (folder / "val" / "images" / "0.png").write_bytes((folder / "train" / "images" / "0.png").read_bytes())
    code, text, _ = check(capsys, streets)
    assert code == 1 and "2 problems:" in text
    assert f"{folder / 'train' / 'images' / '1.png'}: An image must decode as PNG. Received: {folder}" in text
    assert f"{folder / 'val' / 'images' / '0.png'}: the same picture is in train: {folder}" in text


@pytest.mark.parametrize("as_json", [False, True])
def test_a_source_that_cannot_be_opened(streets, capsys, as_json):
    for index in (0, 1):
        (pathlib.Path(streets) / "train" / "masks" / f"{index}.png").unlink()
    code, text, _ = check(capsys, streets, *(["--json"] if as_json else []))
    assert code == 1 and (json.loads(text)["problems"] if as_json else "1 problem:" in text)
    assert "Every picture must have a mask" in text and "0.png without" in text and "1.png without" in text


def test_other_classes(streets, tmp_path, capsys):
    (tmp_path / "other.json").write_text('["above", "below"]')
    assert "\nbelow " in check(capsys, streets, "--classes", tmp_path / "other.json")[1]
    (tmp_path / "short.json").write_text('["above"]')
    code, text, _ = check(capsys, streets, "--classes", tmp_path / "short.json")
    assert code == 1 and "6 problems:" in text


def test_shapes(capsys):
    code, text, _ = check(capsys, "shapes", "--limit", 3)
    assert code == 0 and "shapes (referring)\nonly the first 3 pictures" in text


def test_errors(streets, fails, capsys):
    assert fails("data", "check", streets, "--limit", 0).startswith("`limit` must be at least 1")
    for argv in (["data"], ["data", "check"], ["data", "mend", streets]):
        with pytest.raises(SystemExit) as stop:
            main(argv)
        assert stop.value.code == 2 and "usage: kmm data" in capsys.readouterr().err


def test_a_picture_of_another_size_than_its_mask(streets, capsys):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(pathlib.Path(streets) / "val" / "masks" / "1.png")
    code, text, _ = check(capsys, streets)
    assert code == 1 and "A mask must have the size of its picture. Received (width, height): (4, 4)" in text


def test_the_task_is_that_of_the_data(tmp_path, capsys):
    for split in ("train", "val"):
        Image.fromarray(np.full((4, 4, 3), len(split), np.uint8)).save(tmp_path / f"{split}.png")
        Image.fromarray(np.eye(4, dtype=np.uint8)).save(tmp_path / f"{split}_mask.png")
        row = {"image": f"{split}.png", "segmentation_mask": f"{split}_mask.png", "prompt": f"the {split} line"}
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(row))
    code, text, _ = check(capsys, tmp_path)
    assert code == 0 and text.startswith(f"{tmp_path.name} (referring)")
    assert "words of val that train does not hold: 1: val" in text
    (tmp_path / "val.png").write_bytes(b"junk")
    code, text, _ = check(capsys, tmp_path)
    assert code == 1 and f"1 problem:\n  {tmp_path / 'val.jsonl'}:1: An image must decode" in text


def test_a_manifest_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("{")
    code, text, _ = check(capsys, tmp_path)
    assert code == 1 and text.startswith(f"{tmp_path} (task unknown)") and "manifest.json" in text
