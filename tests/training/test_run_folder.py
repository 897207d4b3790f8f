import json
import pathlib

import keras
import numpy as np
import pytest

from kmm.training.run_folder import RUN_FILES, RUN_FOLDERS, open_run_folder, save_model, write_json


def fill(folder):
    """Everything that a run writes, and two things of somebody else's."""
    for name in RUN_FILES:
        (folder / name).write_text("old")
    for name in RUN_FOLDERS:
        (folder / name / "1").mkdir(parents=True)
        (folder / name / "1" / "data").write_text("old")
    (folder / "notes.txt").write_text("mine")
    (folder / "mine").mkdir()


def test_new_folder_is_created(tmp_path):
    folder = open_run_folder(str(tmp_path / "runs" / "first"))
    assert folder == tmp_path / "runs" / "first" and folder.is_dir() and isinstance(folder, pathlib.Path)


def test_foreign_files_alone_are_no_run(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert open_run_folder(tmp_path) == tmp_path
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", [*RUN_FILES, *RUN_FOLDERS])
def test_refuses_a_run(tmp_path, name):
    (tmp_path / name).mkdir() if name in RUN_FOLDERS else (tmp_path / name).write_text("old")
    with pytest.raises(FileExistsError, match=rf"Received: output=.*, which holds {name}\..*--resume.*--overwrite"):
        open_run_folder(tmp_path)
    assert (tmp_path / name).exists()


def test_overwrite_removes_the_run_and_nothing_else(tmp_path):
    fill(tmp_path)
    open_run_folder(tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "notes.txt"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_resume_keeps_everything(tmp_path, overwrite):
    fill(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    open_run_folder(tmp_path, overwrite=overwrite, resume=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_write_json(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"iou": 0.5, "kinds": [1]})
    assert json.loads(path.read_text()) == {"iou": 0.5, "kinds": [1]} and path.read_text().endswith("}\n")
    with pytest.raises(TypeError):
        write_json(path, {"iou": object()})
    assert json.loads(path.read_text())["iou"] == 0.5, "the old file stays whole"
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_save_model(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    path = tmp_path / "model.keras"
    save_model(model, path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    saved = path.read_bytes()

    def fail(unfinished):
        pathlib.Path(unfinished).write_text("half")
        raise OSError("no space left")

    monkeypatch.setattr(model, "save", fail)
    with pytest.raises(OSError, match="no space left"):
        save_model(model, path)
    assert path.read_bytes() == saved
