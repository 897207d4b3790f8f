"""The folder that a training run writes into."""

import json
import os
import pathlib
import shutil

RUN_FILES = ("model.keras", "metrics.json", "history.csv", "predictions.png", "curves.png", "settings.json")
RUN_FOLDERS = ("saved_model", "checkpoints")


def open_run_folder(directory, overwrite=False, resume=False):
    """Create the folder, or refuse one that already holds a run.

    Args:
        directory: path of the folder.
        overwrite: remove an earlier run's files first. Files that are not a run's stay.
        resume: the earlier run in it goes on.

    Returns:
        The folder as a `pathlib.Path`.

    Raises:
        FileExistsError: if the folder holds a run and neither `overwrite` nor `resume` is set.
    """
    directory = pathlib.Path(directory)
    found = [name for name in (*RUN_FILES, *RUN_FOLDERS) if (directory / name).exists()]
    if found and not (overwrite or resume):
        raise FileExistsError(
            f"The output folder must not hold a run already. Received: output={directory}, which holds "
            f"{', '.join(found)}. Choose another folder, go on with that run (--resume) or replace it (--overwrite)."
        )
    if resume and "metrics.json" in found and "checkpoints" not in found:
        raise FileExistsError(
            f"Only a run that has not ended can go on. Received: output={directory}, which holds a finished run. "
            "Choose another folder or replace it (--overwrite)."
        )
    if overwrite and not resume:
        for name in found:
            path = directory / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    directory.mkdir(parents=True, exist_ok=True)
    return directory


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
