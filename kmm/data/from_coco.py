"""Referring data from object annotations in COCO's format."""

import pathlib
import re

from kmm.data.class_list import ClassList
from kmm.data.files.entry_source import FIRST_SPLITS, EntrySource
from kmm.data.files.read_coco import read_coco
from kmm.data.files.read_row import SPLITS
from kmm.data.files.row_table import shared_out
from kmm.data.instance_phrases import MIDDLE
from kmm.data.mask_phrases import SHARES, absent_texts, class_texts

FORMS = ("instances_*.json", "annotations/instances_*.json", "*/_annotations.coco.json")
"""Where annotation files lie in a folder."""


def from_coco(instances, images=None, classes=None, negatives=SHARES["absent"], val_share=0.1, keep_bad=False, seed=0):
    """A referring source over annotations in COCO's format: `images`, `annotations` and `categories` in a JSON file.

    The phrases are made from categories and masks, and true by them: "all dogs", "the dog on the left", "the largest
    dog", and categories that are not annotated in a picture; see `kmm.data.instance_phrases.InstancePhrases`.
    Annotations may carry `sentences`, a list of texts or of objects with `raw` or `sent`, which are asked for as well.
    Where a file says for each picture what is not annotated in it, as LVIS does with `neg_category_ids` and
    `not_exhaustive_category_ids`, nothing else is taken for absent or complete.

    Args:
        instances: an annotation file; or a folder that holds `instances_train.json`, `instances_val.json`, ... (also in
            `annotations/`, also with a year as in `instances_train2017.json`), or `train/_annotations.coco.json`, ...
            The pictures of a single file that is not named like a split are shared out by a hash of their id.
        images: folder of the pictures, or of folders named like the splits; default: looked for near the annotations.
        classes: path of a `classes.json` with plurals and synonyms of category names; see `kmm.data.ClassList`.
        negatives: share of the phrases that ask for a category that is not there, in [0, 1].
        val_share: share of the pictures for "val", if there is a single file that is not named like a split.
        keep_bad: whether pictures with annotations that cannot be used become examples that raise when they are read,
            so that `kmm.data.check_source` lists them all and `kmm.data.skip_bad` leaves them out; default: an error
            at once.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Returns:
        A `kmm.data.files.entry_source.EntrySource`, a `kmm.data.Source`.

    Raises:
        FileNotFoundError: no annotation file, or no pictures where they are looked for.
        ValueError: annotations that cannot be read or used, by file and id.

    Example:

    >>> source = from_coco("data/coco")  # doctest: +SKIP
    >>> source.example("train", 0, num_prompts=4).prompts  # doctest: +SKIP
    ('all the people', 'the dog on the left', 'the largest person', 'the zebra')
    """
    if not 0 <= negatives <= 1:
        raise ValueError(f"`negatives` must be a share in [0, 1]. Received: negatives={negatives!r}.")
    path = pathlib.Path(instances)
    if not path.exists():
        raise FileNotFoundError(f"A data file must exist. Received: {path}. Check the path.")
    class_list = ClassList.load(classes) if classes else None
    entries, wordings = {}, {}
    for split, file in _find_files(path).items():
        found, nouns = read_coco(file, _Images(file, split, images), class_list, negatives, keep_bad)
        wordings |= dict.fromkeys(_wordings(nouns))
        if split in FIRST_SPLITS:
            entries[split] = found
            continue
        numbers = shared_out([entry.where.rpartition(" image id ")[2] for entry in found], val_share)
        for name, number in (("train", 0), ("val", 1)):
            entries[name] = [entry for entry, its_number in zip(found, numbers, strict=True) if its_number == number]
    entries = {split: found for split, found in entries.items() if found}
    return EntrySource(path.stem if path.is_file() else path.resolve().name, entries, seed, wordings)


def _find_files(path):
    """Annotation files by split; a single one that is not named like a split by its own name."""
    if path.is_file():
        return {_split_of(path): path}
    files = next((found for form in FORMS if (found := sorted(path.glob(form)))), [])
    by_split = {_split_of(file): file for file in files}
    if not files or len(by_split) < len(files) or (len(files) > 1 and not set(by_split) & set(FIRST_SPLITS)):
        found = [str(file.relative_to(path)) for file in files] or "none"
        raise FileNotFoundError(
            f"A folder of annotations must hold {FORMS[0]} for train and val, or {FORMS[2]}. "
            f"Received: {found} in {path}. Rename the files."
        )
    return by_split


def _split_of(path):
    """The split that a file is named after: "val" for instances_val2017.json and valid/_annotations.coco.json."""
    name = path.parent.name if path.name.startswith("_") else path.stem.removeprefix("instances_")
    name = re.sub(r"_?\d{4}$", "", name)
    return SPLITS.get(name, name)


class _Images:
    """Where the pictures of an annotation file lie: in the first of several folders that holds the first picture."""

    def __init__(self, file, split, images):
        self._file, self._folder = file, None
        names = dict.fromkeys((split, file.stem.removeprefix("instances_"), file.parent.name))
        if images is not None:
            roots = [pathlib.Path(images)]
        else:
            roots = [folder for parent in (file.parent, file.parent.parent) for folder in (parent, parent / "images")]
        self._folders = list(dict.fromkeys(folder for root in roots for folder in (*(root / n for n in names), root)))

    def __call__(self, name):
        if self._folder is None:
            self._folder = next((folder for folder in self._folders if (folder / name).is_file()), None)
        if self._folder is None:
            listed = ", ".join(map(str, self._folders))
            raise FileNotFoundError(
                f"{self._file}: Pictures must exist. Received: no {name} in {listed}. Give `images`."
            )
        return str(self._folder)


def _wordings(nouns):
    """Texts that hold every noun, and those of one noun that hold every other word."""
    both = (class_texts(noun, one) for noun in nouns for one in (True, False))
    samples = {noun.stuff: noun for noun in nouns}.values()
    texts = [*(absent_texts(noun, MIDDLE) for noun in samples), *both]
    return tuple(text for group in texts for text in group)
