"""Random access to items that can only be read in a row."""

import array
import tempfile
import threading
import weakref


class EncodedTable:
    """Items of bytes, copied once into a temporary file and then read in any order; 8 bytes of memory for each.

    The file is made when the first item is asked for, in the folder that the environment variable `TMPDIR` names, and
    is gone with the table.

    Args:
        read_all: function without arguments, to an iterator over all items.
        count: how many there are.
        name: what errors call the table.

    Raises:
        ValueError: when the first item is asked for, if there are more or fewer.

    Example:

    >>> table = EncodedTable(lambda: iter([b"one", b"", b"three"]), count=3, name="numbers")
    >>> len(table), table[2], table[0]
    (3, b'three', b'one')
    """

    def __init__(self, read_all, count, name):
        self._read_all, self._count, self._name = read_all, count, name
        self._file, self._ends, self._lock = None, None, threading.Lock()

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        if not 0 <= index < self._count:
            raise IndexError(f"There are items 0 to {self._count - 1}. Received: index={index}.")
        with self._lock:
            if self._file is None:
                self._fill()
            start, end = self._ends[index], self._ends[index + 1]
            self._file.seek(start)
            return self._file.read(end - start)

    def _fill(self):
        file, ends = tempfile.TemporaryFile(), array.array("q", [0])
        try:
            for content in self._read_all():
                file.write(content)
                ends.append(ends[-1] + len(content))
            if len(ends) != self._count + 1:
                raise ValueError(
                    f"A table must have as many items as are announced, {self._count}. Received: {len(ends) - 1} from "
                    f"{self._name}. Prepare the data anew."
                )
        except BaseException:
            file.close()
            raise
        weakref.finalize(self, file.close)
        self._file, self._ends = file, ends
