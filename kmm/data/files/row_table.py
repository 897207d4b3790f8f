"""A text file of rows as pictures with phrases, made when they are asked for."""

import array
import collections.abc
import hashlib
import os
import pathlib
import posixpath

import numpy as np

from kmm.data.files.bad_entry import BadEntry
from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_place import file_place
from kmm.data.files.read_row import read_row

BAD = -1
"""In place of the number of a split: the row cannot be used."""


class RowTable:
    """Rows of a file, each with a picture, its words and a mask; see `read_row` for their fields.

    Rows with the same picture are phrases of one picture. The file is read once, when `entries` is called, and every
    row is checked; afterwards only the places of the rows are held in memory, 16 bytes for each, and a row is read
    again when its picture is asked for.

    Args:
        rows: the file: an object with its `path`; `list()`, an iterator over `(line, start, content)`, the number of a
            row's first line in the file, its first byte, and its bytes; and `parse(content)`, the dict in these bytes.
        images, masks: folders that relative paths of pictures and masks start from; default: the file's own.
        keep_bad: whether rows that cannot be used become a `BadEntry` each, instead of an error at once.

    Raises:
        ValueError: rows that cannot be read or used, or ids that are not unique, by file and line.

    Example:

    >>> import tempfile
    >>> from kmm.data.files.json_lines import JsonLines
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "mine.jsonl")
    ...     _ = path.write_text('{"image": "1.jpg", "prompt": "a dog", "mask": null, "split": "test"}')
    ...     RowTable(JsonLines(path)).entries()["test"][0].texts
    (('a dog', 'absent'),)
    """

    def __init__(self, rows, images=None, masks=None, keep_bad=False):
        self._rows, self.path, self._keep_bad = rows, pathlib.Path(rows.path), keep_bad
        self._bad, self._num_bad, self._first_error = {}, 0, None
        self._images, self._masks = (str(folder or self.path.parent) for folder in (images, masks))

    def entries(self, split=None, val_share=0.1):
        """The pictures of every split.

        Args:
            split: the split of the whole file; default: each row's own. Where no row has one, the pictures are shared
                out by a hash of their path as it is written into "train" and "val".
            val_share: share of the pictures for "val" in that case, in [0, 1).

        Returns:
            dict from split to a sequence of `FileEntry`.
        """
        self._bad, self._num_bad, names, keys = {}, 0, {}, array.array("Q")
        lines, starts, lengths = array.array("i"), array.array("q"), array.array("i")
        pictures, of_rows, key_rows = array.array("Q"), array.array("h"), array.array("q")
        for line, start, content in self._rows.list():
            image, number, key = self._scan(content, line, split, names)
            if key is not None:
                keys.append(_hash(f"{number}/{key}"))
                key_rows.append(len(lines))
            lines.append(line)
            starts.append(start)
            lengths.append(len(content))
            pictures.append(_hash(image))
            of_rows.append(number)
        if not lines:
            raise ValueError(f"A data file must have rows. Received: none in {self.path}. Check the path.")
        pictures, of_rows = np.array(pictures), np.array(of_rows)
        for row, first in _repeated(np.asarray(keys), np.asarray(key_rows)):
            message = f"An `id` must be unique within its split. Received: the one of line {lines[first]} again."
            pictures[row] = _hash(self._note(lines[row], f"{message} Leave one out, or number them anew."))
        self._raise_if_bad()
        of_rows[of_rows == BAD] = names.get("train", 0)
        names = names or {split or "train": 0}
        if None in names:
            names, of_rows = {"train": 0, "val": 1}, _shared_out(pictures, val_share)
        places = tuple(map(np.asarray, (lines, starts, lengths)))
        found = {name: np.flatnonzero(of_rows == number) for name, number in names.items()}
        return {name: _Entries(self, places, pictures, rows) for name, rows in found.items() if len(rows)}

    def entry(self, places):
        """The entry of the rows at these places: lines, first bytes and lengths, an array of each."""
        rows = []
        with open(self.path, "rb") as file:
            for line, start, length in zip(*(values.tolist() for values in places), strict=True):
                file.seek(start)
                try:
                    rows.append(self._read_row(file.read(length), line))
                    message = self._bad.get(line)
                except ValueError as error:
                    message = str(error)
                if message is not None:
                    return BadEntry(f"{self.path}:{line}", message.removeprefix(f"{self.path}:{line}: "))
        phrases = tuple(phrase for _, phrase, _, _ in rows)
        return FileEntry(phrases[0].where, os.path.join(self._images, rows[0][0]), phrases)

    def _read_row(self, content, line):
        where = f"{self.path}:{line}"
        with file_place(where):
            return read_row(self._rows.parse(content), where, self._masks)

    def _scan(self, content, line, split, names):
        """What tells the row's picture from others, the number of its split, and its id."""
        try:
            image, _, row_split, key = self._read_row(content, line)
        except ValueError as error:
            return self._note(line, str(error), again=True), BAD, None
        problem = _problem_of_split(split, row_split, names)
        if problem:
            return self._note(line, problem), BAD, None
        return posixpath.normpath(image), names.setdefault(split or row_split, len(names)), key

    def _note(self, line, message, again=False):
        """Remember that a row is bad, unless reading it again would tell, and give it a picture of its own."""
        if not self._num_bad:
            self._first_error = message if again else f"{self.path}:{line}: {message}"
        self._num_bad += 1
        if not again:
            self._bad[line] = message
        return f"\n{line}"

    def _raise_if_bad(self):
        if self._num_bad and not self._keep_bad:
            more = f" {self._num_bad - 1} more rows are bad." if self._num_bad > 1 else ""
            raise ValueError(f"{self._first_error}{more}")


class _Entries(collections.abc.Sequence):
    """The pictures of one split, in the order in which the file first names them."""

    def __init__(self, table, places, pictures, rows):
        _, first, of_rows = np.unique(pictures[rows], return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))[of_rows]  # of each row's picture
        self._table, order = table, np.argsort(rank, kind="stable")
        self._places = [values[rows[order]] for values in places]
        self._first = np.searchsorted(rank[order], np.arange(len(first) + 1))

    def __len__(self):
        return len(self._first) - 1

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"There are pictures 0 to {len(self) - 1}. Received: index={index}.")
        rows = slice(self._first[index], self._first[index + 1])
        return self._table.entry([values[rows] for values in self._places])


def _hash(text):
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def shared_out(names, val_share):
    """For each picture by its name alone 0 for training or 1 for validation; of several pictures one at least for each.

    Example:

    >>> shared_out(["1.jpg", "2.jpg", "3.jpg"], val_share=0.4).tolist()
    [0, 0, 1]
    """
    return _shared_out(np.array([_hash(name) for name in names], np.uint64), val_share)


def _shared_out(pictures, val_share):
    """The same by the hashes of the names."""
    if not 0 <= val_share < 1:
        raise ValueError(f"`val_share` must be in [0, 1). Received: val_share={val_share!r}.")
    is_val, first = pictures < np.uint64(val_share * 2**64), pictures == pictures.min()
    if val_share == 0 or first.all():
        return np.zeros(len(pictures), np.int16)
    return (first if is_val.all() or not is_val.any() else is_val).astype(np.int16)


def _repeated(keys, rows):
    """Pairs of a row whose id was there before, and the row that had it, in the order of the rows."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[inverse] != np.arange(len(keys)))
    return list(zip(rows[again].tolist(), rows[first[inverse[again]]].tolist(), strict=True))


def _problem_of_split(split, row_split, names):
    """What is wrong with the split that a row names, or `None`."""
    if split is not None and row_split not in (None, split):
        return f"A row must be of the split of its file, {split!r}. Received: split={row_split!r}. Move it."
    if split is None and names and (row_split is None) != (None in names):
        what = "none here, but earlier ones have" if row_split is None else "one here, but earlier ones have none"
        return f"Either all rows have a `split` or none. Received: {what}. Complete them."
    return None
