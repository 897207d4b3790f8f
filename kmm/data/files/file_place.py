"""Naming the file and line in the errors about their content."""

import contextlib


@contextlib.contextmanager
def file_place(where):
    """Errors about data that are raised inside begin with `where`, such as "train.jsonl:17".

    A `FileNotFoundError` stays one; what else is wrong with the content of a file is a `ValueError`. Errors that name
    the place already, and those of the program itself, pass as they are.

    Example:

    >>> with file_place("train.jsonl:17"):
    ...     raise TypeError("A prompt must be a text. Received: 3.")
    Traceback (most recent call last):
        ...
    ValueError: train.jsonl:17: A prompt must be a text. Received: 3.
    """
    try:
        yield
    except (FileNotFoundError, TypeError, ValueError) as error:
        if hasattr(error, "file_place"):
            raise
        kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
        named = kind(f"{where}: {error}")
        named.file_place = where
        raise named from error
