"""The folder that a training run writes into."""

import json
import os
import pathlib
import shutil

RUN_FILES = (
    "model.keras",
    "metrics.json",
    "history.csv",
    "predictions.png",
    "example.png",
    "curves.png",
    "settings.json",
)
RUN_FOLDERS = ("saved_model", "checkpoints", "report")


def check_run_folder(directory, settings, overwrite=False, resume=False):
    """Refuse a folder whose run would be lost or cannot go on.

    Args:
        directory: path of the folder.
        settings: what decides the run, plain data.
        overwrite: an earlier run in it may be replaced.
        resume: the earlier run in it shall go on, with the same settings.

    Raises:
        FileExistsError: if the folder holds a run and neither `overwrite` nor `resume` is set.
        FileNotFoundError: if there is no unfinished run to go on with.
        ValueError: if the run to go on with was begun with other settings, or both flags are set.
    """
    directory = pathlib.Path(directory)
    if overwrite and resume:
        raise ValueError("A run is either replaced or goes on. Received: overwrite=True, resume=True. Choose one.")
    found = _run_in(directory)
    if found and not (overwrite or resume):
        raise FileExistsError(
            f"The output folder must not hold a run already. Received: output={directory}, which holds "
            f"{', '.join(found)}. Choose another folder, go on with that run (--resume) or replace it (--overwrite)."
        )
    if not resume:
        return
    if not {"checkpoints", "settings.json"} <= set(found):
        raise FileNotFoundError(
            f"Only a run that has begun and not ended can go on. Received: output={directory}, which holds "
            f"{', '.join(found) or 'no run'}. Begin anew, without --resume."
        )
    before = json.loads((directory / "settings.json").read_text(encoding="utf-8"))
    changed = [key for key in {**before, **settings} if before.get(key) != settings.get(key)]
    if changed:
        raise ValueError(
            "A run goes on with the settings it was begun with. Received: "
            + ", ".join(f"{key}={settings.get(key)!r} (begun with {before.get(key)!r})" for key in changed)
            + ". Give the same arguments, or choose another folder."
        )


def open_run_folder(directory, overwrite=False):
    """Create the folder and return its path; with `overwrite` remove an earlier run's files, and no others."""
    directory = pathlib.Path(directory)
    for name in _run_in(directory) if overwrite else ():
        path = directory / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _run_in(directory):
    return [name for name in (*RUN_FILES, *RUN_FOLDERS) if (directory / name).exists()]


def write_json(path, content):
    """Write a JSON file whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, path)


def save_model(model, path):
    """Save a Keras model whole or not at all."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    model.save(unfinished)
    os.replace(unfinished, path)
