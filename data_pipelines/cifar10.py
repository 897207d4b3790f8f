"""CIFAR-10 with captions: tiny pictures of ten classes, each called by name in several wordings."""

import functools
import pathlib
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from data_pipelines.record_parts import png_bytes, referring_record
from data_pipelines.voc2012 import check_split, missing

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILES = {"train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test": ("test_batch.bin",)}
"""The owners' files of every split."""

SIDE = 32
ROW_BYTES = 1 + 3 * SIDE * SIDE
"""A picture in the owners' files: the class, then all red, all green and all blue values."""

WORDINGS = ("a photo of {}", "a picture of {}", "a small photo of {}", "{}")


class CifarItem(NamedTuple):
    """One picture: the file, which picture in it, and for an array file the split."""

    key: str
    path: str
    index: int
    split: str


class Cifar10:
    """CIFAR-10: 60,000 pictures of 32 x 32 pixels in ten classes, with a caption in several wordings ("a truck").

    Two layouts are read: the owners' binary version, and an array file `cifar10*.npz` with `x_train`, `y_train`,
    `x_test` and `y_test`. The pickles of the Python version are not: loading them runs what is in them. The records
    carry the class as their `label` and no mask.

    Raises:
        FileNotFoundError: from `splits` and `items`, if no file, or not every file of a split is there.
        ValueError: from `items` for an unknown split, a cut file, or arrays of another form, from `record` for an
            unknown class.

    Example:

    >>> captions_of(9)
    ('a photo of a truck', 'a picture of a truck', 'a small photo of a truck', 'a truck')
    """

    name = "kmm_cifar10"
    task = "captions"
    description = f"Tiny pictures with captions that name their class. Labels: {', '.join(CLASSES)}, from 0 on."
    homepage = "https://www.cs.toronto.edu/~kriz/cifar.html"
    citation = "Krizhevsky: Learning Multiple Layers of Features from Tiny Images. 2009."
    license = "Not stated by the owners, who ask to cite the report."
    manual_files = """cifar-10-batches-bin/     from cifar-10-binary.tar.gz, the binary version at the homepage
  data_batch_1.bin        to data_batch_5.bin
  test_batch.bin
or
cifar10.npz               arrays x_train, y_train, x_test, y_test; the name begins with cifar10"""
    expected_counts = {"train": 50000, "test": 10000}
    class_list = None

    def splits(self, manual_dir):
        """The names of the splits."""
        self._files(manual_dir, "train")
        return tuple(FILES)

    def items(self, manual_dir, split):
        """Every picture of the split as a `CifarItem`, in the order of the files."""
        check_split(split, self.splits(manual_dir))
        for path in self._files(manual_dir, split):
            count, name = _count(path, split), split if path.suffix == ".npz" else path.stem
            yield from (CifarItem(f"{name}_{index:05d}", str(path), index, split) for index in range(count))

    def record(self, item):
        """The record of one item."""
        pixels, label = _read(item)
        if not 0 <= label < len(CLASSES):
            raise ValueError(
                f"A class must be 0 to {len(CLASSES) - 1}. Received: {label} for picture {item.index} of {item.path}. "
                "Fetch the file again."
            )
        phrases = [(caption, None, "caption") for caption in captions_of(label)]
        return referring_record(item.key, png_bytes(pixels), phrases, label=label)

    def _files(self, manual_dir, split):
        """The files of a split: those of the owners where they are, else the array file."""
        folder = pathlib.Path(manual_dir)
        flat = (folder / FILES["test"][0]).is_file()
        binary = folder if flat else folder / "cifar-10-batches-bin"
        arrays = sorted(folder.glob("cifar10*.npz"))
        if arrays and not binary.is_dir():
            if len(arrays) > 1:
                names = [path.name for path in arrays]
                raise ValueError(f"One array file must hold the pictures. Received: {names} in {folder}. Leave one.")
            return arrays
        paths = [binary / name for name in FILES[split]]
        for path in paths:
            if not path.is_file():
                raise missing(path, self)
        return paths


def captions_of(label):
    """The captions of a class in every wording."""
    word = CLASSES[label]
    return tuple(wording.format(f"{'an' if word[0] in 'aeiou' else 'a'} {word}") for wording in WORDINGS)


def _count(path, split):
    """How many pictures a file holds for a split."""
    if path.suffix == ".npz":
        return len(_arrays(str(path), split)[0])
    size = path.stat().st_size
    if size % ROW_BYTES or not size:
        raise ValueError(
            f"A file of pictures must hold a multiple of {ROW_BYTES} bytes. Received: {size} bytes in {path}. Fetch "
            "the file again."
        )
    return size // ROW_BYTES


def _read(item):
    """Pixels `(32, 32, 3)` and class of one picture."""
    if item.path.endswith(".npz"):
        pictures, labels = _arrays(item.path, item.split)
        return pictures[item.index], int(labels[item.index])
    with open(item.path, "rb") as file:
        file.seek(item.index * ROW_BYTES)
        row = np.frombuffer(file.read(ROW_BYTES), np.uint8)
    return np.ascontiguousarray(row[1:].reshape(3, SIDE, SIDE).transpose(1, 2, 0)), int(row[0])


@functools.lru_cache(maxsize=2)
def _arrays(path, split):
    """Pictures and classes of a split in an array file, read once in every process."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
            pictures, labels = content[f"x_{split}"], content[f"y_{split}"].reshape(-1)
            names = tuple(content["classes"].tolist()) if "classes" in content else CLASSES
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"An array file must hold x_{split} and y_{split}. Received: {path} ({error}). Save it again."
        ) from error
    fits = pictures.shape == (len(labels), SIDE, SIDE, 3) and pictures.dtype == np.uint8
    if not fits or not np.issubdtype(labels.dtype, np.integer) or names != CLASSES:
        raise ValueError(
            f"The arrays must be uint8 pictures (count, {SIDE}, {SIDE}, 3) and as many whole numbers for the classes "
            f"{CLASSES}. Received: {pictures.dtype} {pictures.shape}, {labels.dtype} {labels.shape} and {names} in "
            f"{path}. Save them again."
        )
    return pictures, labels
