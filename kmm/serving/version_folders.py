"""Reading the folder of a model's versions."""

import pathlib


def find_versions(folder):
    """The versions in a folder, by number.

    Only folders whose names are plain whole numbers count, as for TensorFlow Serving. A folder that holds
    `saved_model.pb` is one version itself: its number is its name, or 1.

    Args:
        folder: folder of all versions of a model.

    Returns:
        dict from numbers to paths.

    Raises:
        OSError: the folder cannot be read.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("1", "12", "013", "unfinished-14"):
    ...         pathlib.Path(folder, name).mkdir()
    ...     sorted(find_versions(folder))
    [1, 12]
    """
    folder = pathlib.Path(folder)
    if (folder / "saved_model.pb").is_file():
        return {_number(folder.resolve().name) or 1: folder}
    numbers = {path: _number(path.name) for path in folder.iterdir()}
    return {number: path for path, number in numbers.items() if number and path.is_dir()}


def fingerprint(folder):
    """What changes when a file below a folder changes: names, sizes and times of all files; empty if it is gone."""
    try:
        files = [(path, path.stat()) for path in sorted(pathlib.Path(folder).rglob("*"))]
    except OSError:
        return ()
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in files)


def _number(name):
    """The whole number above 0 that a name states; 0 for another name."""
    return int(name) if name.isascii() and name.isdigit() and len(name) < 19 and name == str(int(name)) else 0
