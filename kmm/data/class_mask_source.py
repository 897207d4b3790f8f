"""A source that makes the words for photographs from their class-id masks, wherever those come from."""

import concurrent.futures
import contextlib
import threading
import zlib

import numpy as np

from kmm.data.example import Example
from kmm.data.mask_phrases import SHARES, MaskPhrases, absent_texts, check_templates
from kmm.data.scene_description import SceneDescription, description_texts

TASKS = ("semantic", "referring")


class ClassMaskSource:
    """Photographs with a class id for every pixel, and texts made from the masks.

    A semantic source describes the picture ("a street with a wide road, ...") and gives the class ids; a referring one
    asks for parts of it ("the leftmost car") and gives binary masks. Ignored ids, such as void, are 255 in every mask
    and no text speaks of them. Decoded arrays stay in memory up to `CACHE_BYTES` (1 GiB) so that later epochs cost no
    decoding; what is beyond is read again. For files take `kmm.data.from_class_masks`, which makes one of these.

    Args:
        read_pair: function `(split, index)` to a picture uint8 `(height, width, 3)`, its class ids `(height, width)` as
            whole numbers, and what errors call them, such as a path. It may be called by several threads.
        num_examples: dict from split to the number of its pictures.
        class_list: a `ClassList`.
        task: "semantic" or "referring".
        name: a short word for reports.
        templates: wordings that replace kmm's own: dict from "class", "position", "size" (see `MaskPhrases`) or
            "description" (see `SceneDescription`) to a list of format strings with `{}` for the noun.
        negatives: share of the phrases that ask for a class that is not there.
        seed: int, keys the drawing of texts together with epoch, split and index.
        where: function `(split, index)` to what reports call an example; default `split[index]`.

    Raises:
        ValueError: an unknown task or split, templates that cannot be filled in, a share beyond [0, 1], no pictures;
            when a picture is read: sizes that differ, unknown class ids.

    Example:

    >>> from kmm.data.class_list import ClassList
    >>> def read_pair(split, index):
    ...     ids = np.zeros((8, 12), np.uint8)
    ...     ids[2:5, :4] = 1
    ...     return np.zeros((8, 12, 3), np.uint8), ids, f"picture {index}"
    >>> classes = ClassList.from_json(["sky", {"name": "car"}])
    >>> source = ClassMaskSource(read_pair, {"train": 3}, classes, task="referring")
    >>> source.example("train", 0, num_prompts=3).prompts
    ('all of the sky', 'the car on the left side', 'car')
    """

    CACHE_BYTES = 2**30

    def __init__(
        self,
        read_pair,
        num_examples,
        class_list,
        task="semantic",
        name="class_masks",
        templates=None,
        negatives=SHARES["absent"],
        seed=0,
        where=None,
    ):
        if task not in TASKS:
            raise ValueError(f"`task` must be one of {TASKS}. Received: task={task!r}.")
        if not 0 <= negatives <= 1:
            raise ValueError(f"`negatives` must be a share in [0, 1]. Received: negatives={negatives!r}.")
        if not num_examples or min(num_examples.values()) < 1:
            raise ValueError(f"Every split must hold a picture. Received: num_examples={num_examples}.")
        self.name, self.task, self.seed = name, task, seed
        self.splits = tuple(num_examples)
        self.class_list = class_list
        self.class_names = class_list.names if task == "semantic" else ()
        self._read_pair, self._num_examples, self._where = read_pair, dict(num_examples), where
        self._templates, self._negatives = check_templates(templates), negatives
        self._cache, self._cached_bytes, self._lock = {}, 0, threading.Lock()

    def num_examples(self, split):
        """How many pictures the split holds."""
        if split not in self._num_examples:
            raise ValueError(f"`split` must be one of {self.splits}. Received: split={split!r} for {self.name}.")
        return self._num_examples[split]

    def example(self, split, index, epoch=0, num_prompts=1):
        """The picture `index` of the split with `num_prompts` texts drawn for this epoch."""
        image, mask, words = self._read(split, index)
        key = (self.seed, epoch, zlib.crc32(split.encode()), index)
        if self.task == "semantic":
            texts = tuple(words.text(np.random.default_rng((*key, k))) for k in range(num_prompts))
            return Example(image, texts, np.repeat(mask[None], num_prompts, axis=0), ("description",) * num_prompts)
        texts, kinds, masks = words.draw(np.random.default_rng(key), num_prompts)
        return Example(image, texts, masks, kinds)

    def prompts(self, split, limit=2000):
        """Up to `limit` texts: every wording there can be, then texts of up to 64 pictures that can be read."""
        texts = self._wordings()
        pictures = np.linspace(0, self.num_examples(split) - 1, min(64, self.num_examples(split))).astype(int)
        each = -(-max(limit - len(texts), 0) // len(pictures))
        for index in pictures if each else ():
            with contextlib.suppress(ValueError, OSError):  # `check` and `example` tell
                texts += self.example(split, int(index), num_prompts=each).prompts
        return list(texts[:limit])

    def where(self, split, index):
        """What to call an example in a message."""
        return self._where(split, index) if self._where else f"{split}[{index}]"

    def check(self):
        """Reads every file once and raises on the first bad one; what fits stays in memory for training."""
        jobs = [(split, index) for split in self.splits for index in range(self.num_examples(split))]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda job: self._read(*job), jobs):
                pass

    def _wordings(self):
        if self.task == "semantic":
            return description_texts(self.class_list, self._templates)
        entries = (entry for _, entry in self.class_list.counted)
        return tuple(text for entry in entries for text in absent_texts(entry, self.class_list.middle, self._templates))

    def _read(self, split, index):
        """Picture, mask and words of one example, from memory where they are kept."""
        if (split, index) not in self._cache:
            self.num_examples(split)  # refuses what is no split
            image, mask = self._canonical_pair(split, index)
            words = self._words(mask)
            num_bytes = image.nbytes + mask.nbytes * (1 if self.task == "semantic" else 2)  # phrases keep a label map
            with self._lock:
                if self._cached_bytes + num_bytes > self.CACHE_BYTES:
                    return image, mask, words
                if (split, index) not in self._cache:
                    self._cached_bytes += num_bytes
                    self._cache[split, index] = image, mask, words
        return self._cache[split, index]

    def _canonical_pair(self, split, index):
        image, ids, name = self._read_pair(split, index)
        if image.shape[:2] != ids.shape:
            raise ValueError(
                f"A mask must have the size of its picture. Received (width, height): {ids.shape[::-1]} for "
                f"{image.shape[1::-1]} in {name}. Resize the mask with nearest neighbour."
            )
        mask = self.class_list.canonical(ids, name)
        image.flags.writeable = mask.flags.writeable = False
        return image, mask

    def _words(self, mask):
        if self.task == "semantic":
            return SceneDescription(mask, self.class_list, self._templates)
        return MaskPhrases(mask, self.class_list, self._templates, self._negatives)
