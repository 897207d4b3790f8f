"""Pretrained word vectors from a text file."""

import numpy as np


class WordVectors:
    """Words and their pretrained vectors, such as GloVe's.

    Put them into a text encoder by `kmm.encoders.load_word_vectors`.

    Reference: Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", 2014.

    Args:
        words: the words, without repetition.
        vectors: their vectors, `(len(words), dim)`.

    Raises:
        ValueError: if words are repeated, the shapes do not fit or a number is not finite.

    Example:

    >>> vectors = WordVectors(["red", "car"], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    >>> len(vectors), vectors.dim, "red" in vectors, tuple(vectors["car"].shape)
    (2, 3, True, (3,))
    """

    def __init__(self, words, vectors):
        self.words, self.vectors = tuple(words), np.asarray(vectors, "float32")
        self._rows = {word: row for row, word in enumerate(self.words)}
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words) or len(self._rows) != len(self.words):
            raise ValueError(
                "Each word must come once and have one vector, (len(words), dim). Received: "
                f"{len(self.words)} words, {len(self._rows)} of them different, and vectors.shape={self.vectors.shape}."
            )
        if not np.isfinite(self.vectors).all():
            row = int(np.argmin(np.isfinite(self.vectors).all(axis=1)))
            raise ValueError(f"Numbers must be finite. Received: {self.words[row]!r} has others. Leave the word out.")

    @classmethod
    def read(cls, path, words=None):
        """Reads a text file with one word and its numbers on each line, as GloVe, fastText and word2vec write it.

        The file is read line by line and only the wanted words are kept, so its size does not matter. A first line that
        gives the count and the size of the vectors is left out. Of a repeated word the first vector counts.

        Args:
            path: the file, such as `glove.6B.100d.txt`, unpacked.
            words: the words to keep, such as `tokenizer.vocabulary`; `None` for all.

        Returns:
            `WordVectors` of the words that the file holds.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if a line is damaged, with its number, or the file holds no vectors.

        Example:

        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "tiny.txt")
        >>> _ = path.write_text("the 0.1 0.2 0.3\\nred 0.4 0.5 0.6\\n")
        >>> WordVectors.read(path, words=["red", "zebra"]).words
        ('red',)
        """
        wanted = None if words is None else {word.encode("utf-8") for word in words}
        found, dim = {}, None
        try:
            file = open(path, "rb")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"There must be a text file of word vectors. Received: path={str(path)!r}. "
                "GloVe's are at https://nlp.stanford.edu/projects/glove (unpack them first)."
            ) from error
        with file:
            for number, line in enumerate(file, start=1):
                fields = line.split()
                if not fields:
                    continue
                if dim is None:
                    if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
                        dim = int(fields[1])  # word2vec's header: count and size
                        continue
                    dim = len(fields) - 1
                word = _word(line, fields, dim, path, number)
                if word not in found and (wanted is None or word in wanted):
                    found[word] = _numbers(fields[-dim:], path, number)
        if not dim:
            raise ValueError(
                "A file of word vectors holds one word and its numbers on each line. "
                f"Received: path={str(path)!r} without any. Give the unpacked text file."
            )
        found = {word.decode("utf-8", "replace"): vector for word, vector in found.items()}
        return cls(found, np.array(list(found.values()), "float32").reshape(len(found), dim))

    @property
    def dim(self):
        """Size of each vector."""
        return self.vectors.shape[1]

    def __len__(self):
        return len(self.words)

    def __contains__(self, word):
        return word in self._rows

    def __getitem__(self, word):
        """The vector of a word, `(dim,)`; `KeyError` if there is none."""
        return self.vectors[self._rows[word]]


def _word(line, fields, dim, path, number):
    """The word of a line; it may hold spaces, but what looks like a number belongs to the vector."""
    extra = len(fields) - 1 - dim
    if extra < 0 or dim < 1 or (extra and _is_number(fields[extra])):
        raise ValueError(
            f"{path}, line {number}: every line must hold a word and {max(dim, 1)} numbers. "
            f"Received: {line[:60]!r} with {len(fields)} fields. Repair the line or fetch the file again."
        )
    return fields[0] if not extra else line.rsplit(None, dim)[0].strip()


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(fields, path, number):
    try:
        numbers = np.array(fields, "float32")
    except ValueError:
        numbers = np.array([np.nan], "float32")
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{path}, line {number}: what follows the word must be finite numbers. "
            f"Received: {b' '.join(fields)[:60]!r}. Repair the line or fetch the file again."
        )
    return numbers
