"""Numbered folders, as model servers read them."""

import os
import pathlib
import shutil
import uuid


def write_next_version(directory, write):
    """Lets `write` fill a new folder and shows it under the next free version number only when it is complete.

    A server watches `directory` and loads a number as soon as it appears. So the files are first written into a folder
    whose name is no number, beside the others, and renamed in one step. Nothing is ever overwritten: of two writers at
    a time, the later one takes the number after. A failure leaves nothing behind.

    Args:
        directory: folder of all versions of one model; made where missing.
        write: function that gets the path of a folder that does not exist yet, and fills it.

    Returns:
        path of the new folder, `directory/<number>`, counted from 1.
    """
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / f"unfinished-{uuid.uuid4().hex}"
    try:
        write(unfinished)
        while True:
            version = directory / str(1 + max(_versions(directory), default=0))
            try:
                os.rename(unfinished, version)
                return version
            except OSError:
                if not version.exists():
                    raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _versions(directory):
    return [int(path.name) for path in directory.iterdir() if path.name.isascii() and path.name.isdigit()]
