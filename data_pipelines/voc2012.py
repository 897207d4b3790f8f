"""PASCAL VOC 2012 segmentation, and how data sets read what owners publish: folders, lists and class-id masks."""

import importlib.resources
import json
import pathlib

import numpy as np

from data_pipelines.record_parts import semantic_record
from kmm.preprocessing.read_mask import read_mask

VOID = 255
"""The id of pixels that do not count, in every mask of a record."""


def packaged_class_list(name):
    """The content of a class list that kmm ships, such as "camvid"."""
    path = importlib.resources.files("kmm").joinpath("data", "class_lists", f"{name}.json")
    return json.loads(path.read_text(encoding="utf-8"))


def check_split(split, splits):
    """Raises a `ValueError` unless `split` is one of `splits`."""
    if split not in splits:
        raise ValueError(f"`split` must be one of {tuple(splits)}. Received: split={split!r}.")


def find_root(manual_dir, folders, holding, data_set):
    """The first of `folders` in `manual_dir` that has the path `holding` in it.

    People unpack archives with or without their outer folder.
    """
    roots = [pathlib.Path(manual_dir) / folder for folder in folders]
    for root in roots:
        if (root / holding).exists():
            return root
    raise missing(roots[0] / holding, data_set)


def missing(path, data_set):
    """The error for a file or folder of a data set that is not there."""
    return FileNotFoundError(
        f"{data_set.name} needs the files that its owners publish. Received: no {path}. The manual folder must hold:\n"
        f"{data_set.manual_files}"
    )


def read_rows(path, data_set):
    """The lines of a text file that are neither empty nor begin with "#", each as `("PATH:NUMBER", line)`."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise missing(path, data_set)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"A list must be UTF-8 text. Received: {path} ({error}). Fetch the file again.") from error
    rows = [(f"{path}:{number}", line.strip()) for number, line in enumerate(lines, start=1)]
    rows = [(place, row) for place, row in rows if row and not row.startswith("#")]
    if not rows:
        raise ValueError(f"A list must not be empty. Received: {path} without any entry. Fetch the file again.")
    return rows


def read_class_ids(path, meaning):
    """The mask in a PNG file as a record holds it.

    Args:
        path: path of the file.
        meaning: dict from each id that may be in the file, 0 to 255, to the id in the record.

    Returns:
        uint8 array `(height, width)`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no PNG of class ids, or an id has no meaning.
    """
    ids = read_mask(path)
    known = np.isin(np.arange(256), list(meaning))
    counts = np.bincount(ids.reshape(-1), minlength=256)
    unknown = [int(found) for found in np.flatnonzero(counts) if found > 255 or not known[found]]
    if unknown:
        raise ValueError(
            f"Class ids in a mask must be among {_ranges(meaning)}. Received: {unknown[:10]} in {path}. "
            "Use the masks as their owners publish them."
        )
    table = np.zeros(256, np.uint8)
    table[list(meaning)] = list(meaning.values())
    return table[ids]


def _ranges(numbers):
    """Sorted whole numbers in words: "0 to 20, 255"."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)


class Voc2012:
    """PASCAL VOC 2012: everyday photographs with 20 kinds of objects and background, one class for every pixel.

    The palette of the masks does not matter; the pale border around every object, 255 in the files, does not count.
    `trainval.txt` is not a split of its own: it lists `train` and `val` together.

    Raises:
        FileNotFoundError: from `splits` and `items`, if the folder or the list of a split is missing.
        ValueError: from `items` for an unknown split, from `record` for a mask of colours or with an unknown id.

    Example:

    >>> data = Voc2012()
    >>> len(data.class_list["classes"])
    21
    >>> next(data.items("downloads/voc", "train"))  # doctest: +SKIP
    ('2007_000032', '.../JPEGImages/2007_000032.jpg', '.../SegmentationClass/2007_000032.png')
    """

    name = "kmm_voc2012"
    task = "semantic"
    description = "Photographs with a class id for every pixel: 20 kinds of objects and background."
    homepage = "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/"
    citation = (
        "Everingham, Van Gool, Williams, Winn, Zisserman: The PASCAL Visual Object Classes Challenge 2012 (VOC2012) "
        "Results. 2012."
    )
    license = "Photographs from Flickr under Flickr's terms of use; annotations for research, see the homepage."
    manual_files = """VOCdevkit/VOC2012/            from VOCtrainval_11-May-2012.tar at the homepage
  ImageSets/Segmentation/     train.txt, val.txt
  JPEGImages/                 2007_000032.jpg, ...
  SegmentationClass/          2007_000032.png, ..., palette files as published"""
    expected_counts = {"train": 1464, "val": 1449}
    class_list = packaged_class_list("voc2012")

    IDS = {**{class_id: class_id for class_id in range(21)}, 255: VOID}

    def splits(self, manual_dir):
        """The names of the splits."""
        self._root(manual_dir)
        return ("train", "val")

    def items(self, manual_dir, split):
        """Key, picture and mask of every photograph, in the order of the split's list."""
        check_split(split, self.splits(manual_dir))
        root = self._root(manual_dir)
        for _, key in read_rows(root / "ImageSets" / "Segmentation" / f"{split}.txt", self):
            yield key, str(root / "JPEGImages" / f"{key}.jpg"), str(root / "SegmentationClass" / f"{key}.png")

    def record(self, item):
        """The record of one item."""
        key, picture, mask = item
        return semantic_record(key, picture, read_class_ids(mask, self.IDS))

    def _root(self, manual_dir):
        return find_root(manual_dir, ("VOCdevkit/VOC2012", "VOC2012", "."), "ImageSets/Segmentation", self)
