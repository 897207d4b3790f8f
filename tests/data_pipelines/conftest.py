"""A tiny data set in a layout of its own, for the tests of what is common to all data sets."""

import pathlib
import time

import numpy as np
import pytest
from PIL import Image

from data_pipelines.record_parts import referring_record

ROWS = {
    "train": [
        "a|film 1|the dark one|",
        "b|film 1|nothing here|a bird",
        "c||",
        "d|film 2|x|y|z",
        "e||a car",
        "f||p",
        "g||q",
    ],
    "val": ["v1|film 3|the car", "v2|film 3|a tree", "v3||the sky|links"],
}


class TinySet:
    """Rows of "key|group|text|text..." in `SPLIT.txt`, pictures in `pictures/`; the last text names nothing."""

    name = "kmm_tiny_set"
    task = "referring"
    description = "Pictures of noise."
    homepage = "https://example.org/tiny"
    citation = "Nobody. Tiny set. 2024."
    license = "CC0"
    manual_files = "train.txt, val.txt and pictures/"
    expected_counts = {"train": 7, "val": 3}
    class_list = None

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def splits(self, manual_dir):
        return tuple(path.stem for path in sorted(pathlib.Path(manual_dir).glob("*.txt")))

    def items(self, manual_dir, split):
        with open(pathlib.Path(manual_dir) / f"{split}.txt", encoding="utf-8") as lines:
            for line in lines:
                key, group, *texts = line.rstrip("\n").split("|")
                yield key, f"{manual_dir}/pictures/{key}.png", group, tuple(texts)

    def record(self, item):
        key, path, group, texts = item
        time.sleep(self.seconds)
        if not pathlib.Path(path).exists():
            raise FileNotFoundError(f"There must be a picture. Received: {path}.")
        mask = np.asarray(Image.open(path).convert("L")) > 127
        phrases = [(text, mask, "name") for text in texts[:-1]] + [(text, None, "absent") for text in texts[-1:]]
        return referring_record(key, path, phrases, group=group)


def write_tiny_set(folder, rows=ROWS):
    """Writes the set's files; the picture of a key depends on the key alone."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for split, lines in rows.items():
        (folder / f"{split}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        for key in (line.split("|")[0] for line in lines):
            pixels = np.random.default_rng(list(key.encode())).integers(0, 256, (6, 8, 3), "uint8")
            Image.fromarray(pixels).save(folder / "pictures" / f"{key}.png")
    return folder


@pytest.fixture
def tiny_folder(tmp_path):
    """The manual folder of the tiny set: 7 pictures to train, 3 to validate."""
    return write_tiny_set(tmp_path / "manual")


@pytest.fixture
def tiny_set():
    """The tiny data set."""
    return TinySet()


@pytest.fixture(scope="session")
def read_folder():
    """A function that gives the content of every file of a folder by its name."""
    return lambda folder: {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
