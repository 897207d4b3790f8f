"""Rows that are lines of JSON."""

import json

from kmm.data.files.read_row import EXAMPLE_ROW

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class JsonLines:
    """The lines of a file, each a JSON object, for a `RowTable`.

    Args:
        path: the file.

    Example:

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "train.jsonl")
    ...     _ = path.write_text('{"a": 1}\\n\\n{"b": 2}\\n')
    ...     list(JsonLines(path).list())
    [(1, 0, b'{"a": 1}\\n'), (3, 10, b'{"b": 2}\\n')]
    """

    def __init__(self, path):
        self.path = path

    def list(self):
        """Number, first byte and content of every line that is not blank."""
        start = 0
        with open(self.path, "rb") as file:
            for line, content in enumerate(file, start=1):
                if line == 1 and content.startswith(BYTE_ORDER_MARK):
                    start, content = len(BYTE_ORDER_MARK), content.removeprefix(BYTE_ORDER_MARK)
                if content.strip():
                    yield line, start, content
                start += len(content)

    def parse(self, content):
        """The object in a line."""
        try:
            return json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"A line must be a JSON object in UTF-8. Received: {content[:60]!r} ({error}). Write it like "
                f"{EXAMPLE_ROW}."
            ) from error
