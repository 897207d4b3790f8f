import json
import pathlib

import keras
import numpy as np
import pytest

from kmm.training.run_folder import RUN_FILES, RUN_FOLDERS, check_run_folder, open_run_folder, save_model, write_json


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
    check_run_folder(tmp_path, {})
    assert open_run_folder(tmp_path) == tmp_path
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", [*RUN_FILES, *RUN_FOLDERS])
def test_refuses_a_run(tmp_path, name):
    (tmp_path / name).mkdir() if name in RUN_FOLDERS else (tmp_path / name).write_text("old")
    with pytest.raises(FileExistsError, match=rf"Received: output=.*, which holds {name}\..*--resume.*--overwrite"):
        check_run_folder(tmp_path, {})
    check_run_folder(tmp_path, {}, overwrite=True)
    assert (tmp_path / name).exists()


def test_overwrite_removes_the_run_and_nothing_else(tmp_path):
    fill(tmp_path)
    open_run_folder(tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "notes.txt"]


def test_resume(tmp_path):
    settings = {"epochs": 3, "image_size": [16, 16]}
    with pytest.raises(FileNotFoundError, match="which holds no run. Begin anew"):
        check_run_folder(tmp_path, settings, resume=True)
    fill(tmp_path)
    write_json(tmp_path / "settings.json", settings)
    check_run_folder(tmp_path, settings, resume=True)
    before = sorted(tmp_path.rglob("*"))
    open_run_folder(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(ValueError, match=r"Received: epochs=4 \(begun with 3\). Give the same arguments"):
        check_run_folder(tmp_path, {**settings, "epochs": 4}, resume=True)
    with pytest.raises(ValueError, match="either replaced or goes on"):
        check_run_folder(tmp_path, settings, overwrite=True, resume=True)


def test_a_finished_run_does_not_go_on(tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="which holds settings.json. Begin anew"):
        check_run_folder(tmp_path, {}, resume=True)


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
