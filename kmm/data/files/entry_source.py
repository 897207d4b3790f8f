"""A referring source over pictures in files of the user's, each of which knows what can be asked about it."""

import concurrent.futures
import itertools
import threading
import zlib

import numpy as np

from kmm.data.example import Example
from kmm.data.files.file_place import file_place
from kmm.preprocessing.read_image import read_image_and_orientation

FIRST_SPLITS = ("train", "val", "test")
CHECKED_AT_ONCE = 256


class EntrySource:
    """Pictures with phrases, each of which gives a binary mask. `kmm.data.from_coco` makes one.

    Pictures and masks are read when they are drawn and kept in memory up to `CACHE_BYTES` (1 GiB); what is beyond is
    read again. EXIF rotation is applied to picture and mask alike. What is drawn depends on seed, epoch, split and
    index alone. Every error names the file and line of the entry, such as "train.jsonl:17", or its id.

    Args:
        name: a short word for reports.
        entries: dict from split to a sequence of entries. An entry has `where` and `image`; `texts`, pairs of text and
            kind as far as they are known before its masks are read; and `words(stored_size, orientation)`, which gives
            an object with `draw(rng, num_prompts)` to texts, kinds and masks, `check()`, which reads every mask, and
            `nbytes`. See `FileEntry` and `CocoEntry`.
        seed: int, keys the drawing of texts together with epoch, split and index.
        wordings: texts to learn a vocabulary from besides those of the entries.

    Raises:
        ValueError: no entries in a split, an unknown split or index; when a picture or mask is read: what is wrong with
            it.
        FileNotFoundError: when it is read and missing.

    Example:

    >>> from kmm.data.files.file_entry import FileEntry
    >>> from kmm.data.files.file_phrase import FilePhrase
    >>> entry = FileEntry("train.jsonl:1", "1.jpg", (FilePhrase(("a car",), None), FilePhrase(("all cars",), None)))
    >>> source = EntrySource("mine", {"train": [entry]})
    >>> source.num_examples("train"), source.prompts("train"), source.where("train", 0)
    (1, ['a car', 'all cars'], 'train.jsonl:1')
    """

    CACHE_BYTES = 2**30
    task = "referring"
    class_names = ()

    def __init__(self, name, entries, seed=0, wordings=()):
        empty = [split for split, found in entries.items() if len(found) == 0]
        if empty or not entries:
            raise ValueError(
                f"A source needs at least one picture in every split. Received: none in {', '.join(empty) or 'any'} of "
                f"{name!r}. Add pictures or leave the split out."
            )
        order = sorted(entries, key=lambda split: ((*FIRST_SPLITS, split).index(split), split))
        self.name, self.seed, self.splits = name, seed, tuple(order)
        self._entries, self._wordings = dict(entries), tuple(wordings)
        self._cache, self._cached_bytes, self._lock = {}, 0, threading.Lock()

    def num_examples(self, split):
        """How many pictures the split holds."""
        if split not in self._entries:
            raise ValueError(f"`split` must be one of {self.splits}. Received: split={split!r} for {self.name!r}.")
        return len(self._entries[split])

    def example(self, split, index, epoch=0, num_prompts=1):
        """The picture `index` of the split with `num_prompts` texts drawn for this epoch."""
        image, words = self.read(split, index)
        rng = np.random.default_rng((self.seed, epoch, zlib.crc32(split.encode()), index))
        texts, kinds, masks = words.draw(rng, num_prompts)
        self.keep(split, index, image, words)
        return Example(image, texts, masks, kinds)

    def prompts(self, split, limit=2000):
        """Up to `limit` texts of the split, evenly from all of it."""
        count = self.num_examples(split)
        indices = np.linspace(0, count - 1, min(count, limit)).astype(int).tolist()
        turns = itertools.zip_longest(*(self.entry(split, index).texts for index in indices))
        texts = (pair[0] for turn in turns for pair in turn if pair is not None)
        return list(itertools.islice(itertools.chain(self._wordings, texts), limit))

    def where(self, split, index):
        """File and line of the picture, for messages."""
        return self.entry(split, index).where

    def check(self):
        """Reads every picture and mask once and raises on the first that is unsound."""
        jobs = ((split, index) for split in self.splits for index in range(self.num_examples(split)))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            while block := list(itertools.islice(jobs, CHECKED_AT_ONCE)):
                for _ in pool.map(lambda job: self.check_example(*job), block):
                    pass

    def check_example(self, split, index):
        """Reads one picture and all its masks and raises if something is unsound."""
        image, words = self.read(split, index)
        words.check()
        self.keep(split, index, image, words)

    def entry(self, split, index):
        """The entry of a picture."""
        count = self.num_examples(split)
        if not 0 <= index < count:
            raise ValueError(f"Split {split!r} has examples 0 to {count - 1}. Received: index={index}.")
        return self._entries[split][index]

    def read(self, split, index):
        """The picture of one example and what can be asked about it, from memory where they are kept."""
        kept = self._cache.get((split, index))
        if kept is not None:
            return kept[:2]
        entry = self.entry(split, index)
        with file_place(entry.where):
            image, orientation = read_image_and_orientation(entry.image)
            stored_size = image.shape[1::-1] if orientation >= 5 else image.shape[:2]
            words = entry.words(stored_size, orientation)
        image.flags.writeable = False
        return image, words

    def keep(self, split, index, image, words):
        """Remember an example if there is room, and forget it if it has outgrown the room."""
        num_bytes = image.nbytes + words.nbytes
        with self._lock:
            _, _, before = self._cache.pop((split, index), (None, None, 0))
            self._cached_bytes -= before
            if self._cached_bytes + num_bytes <= self.CACHE_BYTES:
                self._cached_bytes += num_bytes
                self._cache[split, index] = image, words, num_bytes
