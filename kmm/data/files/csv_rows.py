"""Rows of a table of comma-separated values."""

import csv
import io
import json

from kmm.data.files.file_place import file_place
from kmm.data.files.json_lines import BYTE_ORDER_MARK
from kmm.data.files.read_row import MASK_FIELDS

JSON_FIELDS = ("prompts", "polygons", "rle", "size", "class_id")
REQUIRED = ("image", ("prompt", "prompts"), MASK_FIELDS)
EXAMPLE = "image,prompt,segmentation_mask"


class CsvRows:
    """The rows of a table of values after its header, for a `RowTable`.

    Args:
        path: the file.
        delimiter: the character between values.

    Example:

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "train.csv")
    ...     _ = path.write_text('image,prompt,mask\\n1.jpg,"a dog, asleep",\\n')
    ...     rows = CsvRows(path)
    ...     [rows.parse(content) for _, _, content in rows.list()]
    [{'image': '1.jpg', 'prompt': 'a dog, asleep', 'mask': ''}]
    """

    def __init__(self, path, delimiter=","):
        self.path, self._format = path, {"delimiter": delimiter, "strict": True}
        _, _, content = next(self._records(), (1, 0, b""))
        with file_place(f"{path}:1"):
            self._header = _checked_header(self._cells(content), delimiter)

    def list(self):
        records = self._records()
        next(records)
        return records

    def parse(self, content):
        cells = self._cells(content)
        if len(cells) != len(self._header):
            raise ValueError(
                f"A row must have as many cells as the header, {len(self._header)}. Received: {len(cells)} cells, "
                f"{cells!r:.80}. Put cells with commas in double quotes."
            )
        row = {}
        for field, cell in zip(self._header, cells, strict=True):
            if cell.strip() or field in MASK_FIELDS:
                row[field] = _parsed(field, cell)
        return row

    def _cells(self, content):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"A table must be in UTF-8. Received: {content[:60]!r} ({error.reason} at byte {error.start}). "
                "Save the file as UTF-8."
            ) from error
        return next(csv.reader(io.StringIO(text, newline=""), **self._format), [])

    def _records(self):
        """Line, first byte and content of every record that is not blank."""
        with open(self.path, "rb") as file:
            lines = _Lines(file)
            reader = csv.reader(lines, **self._format)
            while True:
                line, start = lines.number + 1, lines.end
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    raise ValueError(
                        f"{self.path}:{line}: A row must be values with {self._format['delimiter']!r} between them. "
                        f"Received: {error}. Check its double quotes."
                    ) from error
                if cells is None:
                    return
                content = b"".join(lines.taken)
                lines.taken.clear()
                if content.startswith(BYTE_ORDER_MARK) and start == 0:
                    start, content = len(BYTE_ORDER_MARK), content.removeprefix(BYTE_ORDER_MARK)
                if cells:
                    yield line, start, content


class _Lines:
    """The lines of a file as text, and how far they were taken."""

    def __init__(self, file):
        self._file = file
        self.number, self.end, self.taken = 0, 0, []

    def __iter__(self):
        return self

    def __next__(self):
        content = next(self._file)
        self.number += 1
        self.end += len(content)
        self.taken.append(content)
        return content.decode("utf-8", "replace")  # what is no UTF-8 is found when the row is parsed


def _checked_header(header, delimiter):
    header = [name.strip() for name in header]
    missing = [name for name in REQUIRED if not set(header).intersection([name] if isinstance(name, str) else name)]
    if missing or len(set(header)) < len(header):
        wanted = [name if isinstance(name, str) else " or ".join(name) for name in missing]
        problem = f"without {', '.join(wanted)}" if missing else "with a column twice"
        raise ValueError(
            f"A table must begin with the names of its columns. Received: {header!r:.120}, {problem}, with "
            f"{delimiter!r} between names. Write them like {EXAMPLE}, or give the `delimiter`."
        )
    return header


def _parsed(field, cell):
    if field not in JSON_FIELDS:
        return cell
    if not cell.strip():
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"`{field}` must be JSON text. Received: {cell!r:.80} ({error}). Correct it.") from error
