"""Reading a whole data set once, to say what it holds and what is wrong with it."""

import collections
import dataclasses
import hashlib
import unicodedata

import numpy as np

from kmm.data.data_report import DataReport
from kmm.data.source_wrapper import map_examples
from kmm.feature_keys import IGNORE_VALUE
from kmm.preprocessing.clean_prompts import MAX_PROMPT_BYTES

NEGATIVE_KIND = "absent"
"""The kind of phrases that name nothing in the picture on purpose."""

NUM_TEXTS = 4
"""Texts drawn for each picture of a source that makes them up."""

MAX_FINDINGS = 1000
"""Findings of one kind that are kept; the rest is counted."""

MAX_TEXTS = 64
"""Texts of a picture that are drawn, if the source checks all its masks itself."""

MAX_LISTED = 256
"""More texts than that nobody wrote about one picture: the source lists every wording it can make up."""

FREQUENT_WORDS = 20


def check_source(source, limit=None, progress=None):
    """Read every picture, text and mask of a source once.

    Nothing stops at the first bad record. Problems are: records that cannot be read or whose parts do not fit together,
    pictures that two splits share (equal pixels), and groups (a video, a patient) that two splits share, where the
    source offers `group(split, index)`. Warnings are what may be meant: empty masks, masks that are ignored everywhere,
    pictures that a split repeats, odd texts, classes that training never sees, files that are not used.

    Texts are those that exist, where the source offers `all_prompts(split, index)`, pairs of text and kind; where it
    makes them up, four are drawn for each picture. Records are named by `source.where(split, index)`, where offered.

    Args:
        source: a `kmm.data.Source`.
        limit: only the first pictures of each split; `None` for all.
        progress: function called with the numbers of pictures read and to be read, such as to draw a bar.

    Returns:
        A `DataReport`.

    Raises:
        ValueError: if the limit is below 1.

    Example:

    >>> import kmm
    >>> report = check_source(kmm.data.ShapesSource((32, 32), num_train=8, num_val=2, num_test=2))
    >>> report.splits["train"]["pictures"], report.problems
    (8, [])
    """
    if limit is not None and limit < 1:
        raise ValueError(f"`limit` must be at least 1. Received: limit={limit}. Leave it out to read all.")
    counts = {split: source.num_examples(split) for split in source.splits}
    tally, done, total = _Tally(source, limit), 0, sum(min(count, limit or count) for count in counts.values())
    for split, count in counts.items():
        tally.begin(split, count)
        readings = map_examples(lambda index, split=split: _read(source, split, index), min(count, limit or count))
        for index, reading in enumerate(readings):
            tally.add(split, index, reading)
            done += 1
            if progress is not None:
                progress(done, total)
    return tally.report()


def where_of(source, split, index):
    """What to call an example in a message: its file and line, where the source knows them."""
    return source.where(split, index) if hasattr(source, "where") else f"{split}[{index}]"


def read_whole(source, split, index):
    """An example with all its texts, or some where the source makes them up, and the pairs of text and kind.

    A source that can read one example and all its masks does so by `check_example(split, index)`. Raises whatever the
    source does, and `ValueError` if the parts do not fit together.
    """
    texts = source.all_prompts(split, index) if hasattr(source, "all_prompts") else None
    texts = None if texts is not None and len(texts) > MAX_LISTED else texts
    num_prompts = NUM_TEXTS if texts is None else max(1, len(texts))
    if hasattr(source, "check_example"):
        source.check_example(split, index)
        num_prompts = min(num_prompts, MAX_TEXTS)
    example = source.example(split, index, num_prompts=num_prompts)
    image, masks = example.image, example.segmentation_masks
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3 or not image.size:
        raise ValueError(f"A picture must be uint8 (height, width, 3). Received: {image.dtype} {image.shape}.")
    if not len(example.prompts) == len(example.kinds) == len(masks) or masks.shape[1:] != image.shape[:2]:
        raise ValueError(
            f"Every text needs a kind and a mask of the picture's size. Received: {len(example.prompts)} texts, "
            f"{len(example.kinds)} kinds, masks {masks.shape}, picture {image.shape}."
        )
    num_values = len(source.class_names) if source.task == "semantic" else 2
    pixels = np.bincount(masks.reshape(-1), minlength=256)
    unknown = np.flatnonzero(pixels[num_values:IGNORE_VALUE]) + num_values
    if len(unknown):
        raise ValueError(f"A mask must hold values below {num_values}, or 255. Received: {unknown[:10].tolist()}.")
    return example, list(zip(example.prompts, example.kinds, strict=True)) if texts is None else texts


def words_of(text):
    """The words of a text as `PromptTokenizer` sees them.

    >>> words_of("The T-shirt, and 2 dogs' tails!")
    ['the', 't-shirt', 'and', '2', 'dogs', 'tails']
    """
    stripped = (word.strip("'-") for word in text.lower().translate(_WORD_CHARACTERS).split())
    return [word for word in stripped if word]


class _WordCharacters(dict):
    """Maps what is no letter, mark or number to a space."""

    def __missing__(self, code):
        character = chr(code)
        self[code] = character if unicodedata.category(character)[0] in "LMN" else " "
        return self[code]


_WORD_CHARACTERS = _WordCharacters({ord(character): character for character in "'-"} | {0x2018: "'", 0x2019: "'"})


@dataclasses.dataclass(frozen=True)
class _Reading:
    """What is remembered of one example."""

    error: str = ""
    shape: tuple = ()
    digest: bytes = b""
    group: str = ""
    texts: tuple = ()
    pixels: np.ndarray | None = None
    findings: tuple = ()  # pairs of kind and message


def _read(source, split, index):
    try:
        example, texts = read_whole(source, split, index)
        group = source.group(split, index) if hasattr(source, "group") else ""
    except Exception as error:  # whatever a reader trips over is a bad record, not the end of the check
        return _Reading(error=f"{str(error).strip() or type(error).__name__}")
    image, masks = example.image, example.segmentation_masks
    findings = [("text", flaw) for text, _ in texts for flaw in _flaws(text)]
    if (masks == IGNORE_VALUE).all():
        findings.append(("ignored mask", "every pixel is ignored"))
    elif source.task == "referring":
        for text, kind, mask in zip(example.prompts, example.kinds, masks, strict=True):
            if kind != NEGATIVE_KIND and not (mask == 1).any():
                findings.append(("empty mask", f"the mask of {text[:100]!r} is empty"))
    pixels = np.bincount(masks[0].reshape(-1), minlength=256) if source.task == "semantic" else None
    digest = hashlib.sha256(str(image.shape).encode() + image.tobytes()).digest()[:16]
    return _Reading("", image.shape[:2], digest, group, tuple(texts), pixels, tuple(findings))


def _flaws(text):
    if not words_of(text):
        yield f"{text[:100]!r} holds no word"
    if any(unicodedata.category(character) in ("Cc", "Cs") or character == "\ufffd" for character in text):
        yield f"{text[:100]!r} holds control characters or damaged UTF-8"
    if len(text.encode("utf-8", "replace")) > MAX_PROMPT_BYTES:
        yield f"{text[:40]!r}... has more than the {MAX_PROMPT_BYTES} bytes that are read"


class _Tally:
    """Adds up readings."""

    def __init__(self, source, limit):
        self.source = source
        self.result = DataReport(source.name, source.task, limit)
        self.sizes, self.pixels, self.with_class = {}, np.zeros(256, np.int64), {}
        self.digests, self.groups = {}, {}
        self.distinct, self.lengths, self.kinds = set(), collections.Counter(), collections.Counter()
        self.words = {}

    def begin(self, split, count):
        self.result.splits[split] = {"pictures": count, "read": 0, "bad": 0, "texts": 0}
        self.sizes[split], self.words[split] = collections.Counter(), collections.Counter()
        self.with_class[split] = np.zeros(256, np.int64)

    def find(self, findings, kind, where, message):
        self.result.counts[kind] = self.result.counts.get(kind, 0) + 1
        if self.result.counts[kind] <= MAX_FINDINGS:
            findings.append({"kind": kind, "where": where, "message": message})

    def add(self, split, index, reading):
        row, where = self.result.splits[split], where_of(self.source, split, index)
        row["read"] += 1
        if reading.error:
            row["bad"] += 1
            self.find(self.result.problems, "bad record", where, reading.error.removeprefix(f"{where}: "))
            return
        self.sizes[split][reading.shape] += 1
        self._add_texts(split, reading.texts)
        if reading.pixels is not None:
            self.pixels += reading.pixels
            self.with_class[split] += reading.pixels > 0
        for kind, message in reading.findings:
            self.find(self.result.warnings, kind, where, message)
        first_split, first = self.digests.setdefault(reading.digest, (split, index))
        if first_split != split:
            message = f"the same picture is in {first_split}: {where_of(self.source, first_split, first)}"
            self.find(self.result.problems, "duplicate", where, message)
        elif first != index:
            message = f"the same picture as {where_of(self.source, split, first)}"
            self.find(self.result.warnings, "repeated picture", where, message)
        if reading.group and split not in self.groups.setdefault(reading.group, [split]):
            self.groups[reading.group].append(split)
            message = f"its group {reading.group!r} is in {self.groups[reading.group][0]} too"
            self.find(self.result.problems, "shared group", where, message)

    def _add_texts(self, split, texts):
        self.result.splits[split]["texts"] += len(texts)
        for text, kind in texts:
            words = words_of(text)
            self.distinct.add(hash(text))
            self.lengths[len(words)] += 1
            self.kinds[kind] += 1
            self.words[split].update(words)

    def report(self):
        """The `DataReport`."""
        for split, row in self.result.splits.items():
            for axis, side in enumerate(("height", "width")):
                sizes = collections.Counter()
                for shape, count in self.sizes[split].items():
                    sizes[shape[axis]] += count
                row[side] = _spread(sizes)
        self._report_phrases()
        if self.source.task == "semantic":
            self._report_classes()
        if "train" not in self.result.splits:
            self.find(self.result.warnings, "split", "", "training needs a split train")
        if not {"val", "test"} & set(self.result.splits):
            self.find(self.result.warnings, "split", "", "training needs a split val or test to be scored on")
        for path in getattr(self.source, "unused_files", ()):
            self.find(self.result.warnings, "unused file", str(path), "belongs to no pair of picture and mask")
        return self.result

    def _report_phrases(self):
        known, others = set().union(*self.words.values()), ()
        if "train" in self.words:
            known, others = set(self.words["train"]), [split for split in self.words if split != "train"]
            try:  # what a vocabulary is learned from: for made-up texts more than was drawn here
                known.update(word for text in self.source.prompts("train") for word in words_of(text))
            except Exception as error:
                if not self.result.problems:
                    self.find(self.result.problems, "prompts", "train", str(error))
        self.result.phrases = {
            "texts": sum(self.lengths.values()),
            "distinct": len(self.distinct),
            "length": _spread(self.lengths),
            "kinds": dict(self.kinds.most_common()),
            "frequent_words": sum(self.words.values(), collections.Counter()).most_common(FREQUENT_WORDS),
            "vocabulary_size": len(known),
            "unknown_words": {split: sorted(set(self.words[split]) - known) for split in others},
        }

    def _report_classes(self):
        num_classes = len(self.source.class_names)
        counted = max(1, int(self.pixels[:num_classes].sum()))
        self.result.ignored_share = float(self.pixels[IGNORE_VALUE] / max(1, self.pixels.sum()))
        ignored = getattr(getattr(self.source, "class_list", None), "ignore", ())
        for class_id, name in enumerate(self.source.class_names):
            pixels = int(self.pixels[class_id])
            pictures = {split: int(found[class_id]) for split, found in self.with_class.items()}
            self.result.classes.append(
                {"name": name, "pixels": pixels, "share": pixels / counted, "pictures": pictures}
            )
            if pictures.get("train") == 0 and class_id not in ignored:
                self.find(self.result.warnings, "class", name, "no picture of train shows this class")


def _spread(counter):
    """Minimum, median and maximum of counted numbers; nothing for none."""
    values, counts = map(np.array, zip(*sorted(counter.items()), strict=True)) if counter else ((), ())
    if not len(values):
        return []
    ends = np.cumsum(counts)
    middle = [values[np.searchsorted(ends, place, side="right")] for place in ((ends[-1] - 1) // 2, ends[-1] // 2)]
    return [int(values[0]), float(np.mean(middle)), int(values[-1])]
