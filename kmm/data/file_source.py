"""A referring source over a table of pictures, phrases and masks in files."""

from kmm.data.example import Example
from kmm.data.files.entry_source import EntrySource


class FileSource(EntrySource):
    """Pictures with phrases that are written down; each phrase gives a binary mask.

    `kmm.data.from_jsonl`, `from_csv`, `from_folders` and `from_tfds` make one. Pictures and masks are read when they
    are drawn and kept in memory up to `CACHE_BYTES` (1 GiB); what is beyond is read again. EXIF rotation is applied to
    picture and mask alike. What is drawn depends on seed, epoch, split and index alone. Every error names the file and
    line of the phrase, such as "train.jsonl:17".

    Args:
        name: a short word for reports.
        entries: dict from split to a sequence of `kmm.data.files.file_entry.FileEntry`. The sequence may make an entry
            when it is asked for, so that a long table takes no memory.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Raises:
        ValueError: no entries in a split, an unknown split or index; when a picture or mask is read: what is wrong with
            it.
        FileNotFoundError: when it is read and missing.

    Example:

    >>> from kmm.data.files.file_entry import FileEntry
    >>> from kmm.data.files.file_phrase import FilePhrase
    >>> entry = FileEntry("train.jsonl:1", "1.jpg", (FilePhrase(("a car",), None), FilePhrase(("all cars",), None)))
    >>> source = FileSource("mine", {"train": [entry]})
    >>> source.num_examples("train"), source.all_prompts("train", 0), source.where("train", 0)
    (1, [('a car', 'absent'), ('all cars', 'absent')], 'train.jsonl:1')
    """

    def all_prompts(self, split, index):
        """All phrases of a picture, in all wordings, as pairs of text and kind."""
        return list(self.entry(split, index).texts)

    def phrase(self, split, index, number):
        """The picture `index` of the split with the phrase of that number in `all_prompts`."""
        count = len(self.entry(split, index).texts)
        if not 0 <= number < count:
            raise ValueError(
                f"{self.where(split, index)}: The picture has phrases 0 to {count - 1}. Received: number={number}."
            )
        image, words = self.read(split, index)
        text, kind, mask = words.phrase(number)
        self.keep(split, index, image, words)
        return Example(image, (text,), mask[None], (kind,))
