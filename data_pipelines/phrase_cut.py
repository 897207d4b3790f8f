"""PhraseCut: phrases of names, attributes and relations with the regions of a photograph that they name."""

import collections
import math
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from data_pipelines.record_parts import referring_record
from data_pipelines.refer_api import existing_file, read_json

SPLITS = ("train", "val", "test", "miniv")


class PhraseCutItem(NamedTuple):
    """One picture with its phrases: `(text, polygons, kind)`, each polygon a list of `[x, y]` in pixels."""

    key: str
    image_path: str
    image_size: tuple[int, int]
    phrases: tuple[tuple[str, list, str], ...]


class PhraseCut:
    """PhraseCut from its owners' files and the pictures of Visual Genome.

    A phrase names all its instances together. Masks are filled as the owners' evaluation fills them: corners cut to
    whole pixels, outline included, polygons of less than two points left out. Kinds are the owners' types: "name",
    "attribute", "relation" or "verbose"; "phrase" where there is none. The split "miniv" is 100 validation pictures
    that "val" does not hold.

    Raises:
        FileNotFoundError: from `splits` and `items`, if an annotation file is missing.
        ValueError: for an unknown split and for annotations that do not fit together.

    Example:

    >>> PhraseCut.expected_counts["test"]
    2545
    """

    name = "kmm_phrase_cut"
    task = "referring"
    description = "Phrases of names, attributes and relations with the regions of a photograph that they name."
    homepage = "https://github.com/ChenyunWu/PhraseCutDataset"
    citation = "Wu, Lin, Cohen, Bui and Maji. PhraseCut: Language-based Image Segmentation in the Wild. CVPR 2020."
    license = "Visual Genome: CC BY 4.0. Pictures: Flickr's terms of use. Phrases and regions: see the homepage."
    manual_files = """\
MANUAL/                           files of https://github.com/ChenyunWu/PhraseCutDataset, also as VGPhraseCut_v0/
    image_data_split.json         or image_data_split3000.json
    refer_train.json              and refer_val.json, refer_test.json, refer_miniv.json, or some of them
    images/
        2.jpg                     named by the Visual Genome image id
        ..."""
    expected_counts = {"train": 71746, "test": 2545, "miniv": 100}
    class_list = None

    def splits(self, manual_dir):
        """The splits whose `refer_*.json` is there."""
        folder = _folder(manual_dir)
        found = tuple(split for split in SPLITS if (folder / f"refer_{split}.json").is_file())
        if not found:
            existing_file(folder / "refer_train.json", self.manual_files)
        return found

    def items(self, manual_dir, split):
        """One `PhraseCutItem` for each picture of the split; reads the annotation files and no picture."""
        if split not in SPLITS:
            raise ValueError(f"`split` must be one of {SPLITS}. Received: split={split!r}.")
        folder = _folder(manual_dir)
        path = folder / f"refer_{split}.json"
        by_picture = collections.defaultdict(list)
        for place, task in enumerate(_checked(read_json(path, self.manual_files), path)):
            if not _is_task(task):
                raise ValueError(
                    "A phrase must have `image_id`, `phrase` and `Polygons`: for each instance a list of polygons, "
                    f"each a list of [x, y]. Received: entry {place} of {path}: {ascii(task)[:200]}. Fetch the file "
                    "from its owners again."
                )
            by_picture[task["image_id"]].append(task)
        images, images_file = self._images(folder)
        for image_id, tasks in by_picture.items():
            image = images.get(image_id, {})
            if image.get("split") != split or not {"height", "width"} <= set(image):
                raise ValueError(
                    f"Every picture of {path} must be listed with its size for the split {split!r} in {images_file}. "
                    f"Received: image_id={image_id}, listed: {image or 'not at all'}. Take both files from one release."
                )
            yield PhraseCutItem(
                str(image_id),
                str(folder / "images" / f"{image_id}.jpg"),
                (image["height"], image["width"]),
                tuple((task["phrase"], sum(task["Polygons"], []), _kind(task)) for task in tasks),
            )

    def record(self, item):
        """The record of one item: reads the picture and draws the masks."""
        phrases = [(text, draw(polygons, item.image_size), kind) for text, polygons, kind in item.phrases]
        return referring_record(item.key, item.image_path, phrases)

    def _images(self, folder):
        """Entries of all pictures by id, and the path of the file they are from."""
        paths = [folder / name for name in ("image_data_split.json", "image_data_split3000.json")]
        path = next((path for path in paths if path.is_file()), paths[0])
        return {image.get("image_id"): image for image in _checked(read_json(path, self.manual_files), path)}, path


def draw(polygons, image_size):
    """The union of polygons of `[x, y]` in pixels, outline included, as uint8 of 0 and 1.

    Example:

    >>> draw([[[1, 0], [2.9, 0], [2.9, 1], [1, 1]]], (3, 4)).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    picture = Image.new("L", image_size[::-1])
    for polygon in polygons:
        if len(polygon) >= 2:
            ImageDraw.Draw(picture).polygon([(int(x), int(y)) for x, y in polygon], fill=1, outline=1)
    return np.array(picture)


def _folder(manual_dir):
    inner = pathlib.Path(manual_dir) / "VGPhraseCut_v0"
    return inner if inner.is_dir() else pathlib.Path(manual_dir)


def _checked(entries, path):
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"The file must hold a list of dicts. Received: {path}. Fetch it from its owners again.")
    return entries


def _is_task(task):
    try:
        points = [point for instance in task["Polygons"] for polygon in instance for point in polygon]
        is_drawn = all(
            len(point) == 2 and all(isinstance(x, int | float) and math.isfinite(x) for x in point) for point in points
        )
        return is_drawn and isinstance(task["phrase"], str) and isinstance(task["image_id"], int)
    except (KeyError, TypeError):
        return False


def _kind(task):
    structure = task.get("phrase_structure")
    kind = structure.get("type") if isinstance(structure, dict) else None
    return kind if isinstance(kind, str) and kind else "phrase"
