"""Where a command writes, made sure of before it computes for long."""

import pathlib


def output_file(path):
    """The JSON file that `--output` names; its folder is made.

    Raises:
        ValueError: if it is a folder, or ends in .png, which is the picture that stands beside it.

    Example:

    >>> output_file("scores.json").name
    'scores.json'
    """
    path = pathlib.Path(path)
    if path.is_dir() or path.suffix.lower() == ".png":
        what = "is a folder" if path.is_dir() else "is named like a picture"
        raise ValueError(f"--output must be a JSON file. Received: {path}, which {what}. Give a name such as x.json.")
    output_folder(path.parent)
    return path


def output_folder(path):
    """The folder that `--output` names; it is made.

    Raises:
        ValueError: if it, or what it lies in, is a file.

    Example:

    >>> output_folder(".").is_dir()
    True
    """
    path = pathlib.Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next((own for own in (path, *path.parents) if own.is_file()), path)
        raise ValueError(
            f"A folder to write into must not be a file. Received: {path}, where the file {file} is in the way. "
            "Choose another --output."
        ) from error
    return path
