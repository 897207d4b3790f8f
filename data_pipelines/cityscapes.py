"""Cityscapes: street scenes from many cities, finely labelled."""

import re

from data_pipelines.record_parts import semantic_record
from data_pipelines.voc2012 import VOID, check_split, find_root, missing, packaged_class_list, read_class_ids

FRAME = re.compile(r"(?P<city>.+)_(?P<sequence>\d+)_(?P<frame>\d+)_leftImg8bit")
"""The names of the photographs: "aachen_000000_000019_leftImg8bit"."""

TRAIN_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The label ids that are learnt and scored, in the order of their train ids."""


class Cityscapes:
    """Cityscapes with fine labels: street scenes of 50 cities, 19 classes for every pixel.

    Of the 34 label ids in the files the 19 that are scored become the train ids 0 to 18; the others do not count. The
    city and sequence are the group of a record, the frame its position. The test split is left out: its labels are not
    published.

    Raises:
        FileNotFoundError: from `splits` and `items`, if the photographs or labels of a split are missing.
        ValueError: from `items` for an unknown split or a file name that is not a published one, from `record` for a
            mask of colours or with an unknown id.

    Example:

    >>> data = Cityscapes()
    >>> data.class_list["classes"][data.IDS[26]]["name"]
    'car'
    >>> next(data.items("downloads/cityscapes", "val"))[-2:]  # doctest: +SKIP
    ('frankfurt_000000', 294)
    """

    name = "kmm_cityscapes"
    task = "semantic"
    description = "Street scenes of European cities with a class id for every pixel: the 19 classes that are scored."
    homepage = "https://www.cityscapes-dataset.com"
    citation = (
        "Cordts, Omran, Ramos, Rehfeld, Enzweiler, Benenson, Franke, Roth, Schiele: The Cityscapes Dataset for "
        "Semantic Urban Scene Understanding. CVPR 2016."
    )
    license = "Non-commercial use after registration, see the homepage."
    manual_files = """leftImg8bit/              from leftImg8bit_trainvaltest.zip at the homepage
  train/aachen/           aachen_000000_000019_leftImg8bit.png, ..., the same for val
gtFine/                   from gtFine_trainvaltest.zip
  train/aachen/           aachen_000000_000019_gtFine_labelIds.png, ..., the same for val"""
    expected_counts = {"train": 2975, "val": 500}
    class_list = packaged_class_list("cityscapes")

    IDS = {**{label_id: VOID for label_id in (*range(34), 255)}, **{label: k for k, label in enumerate(TRAIN_IDS)}}
    """255 in a file is -1, the licence plate."""

    def splits(self, manual_dir):
        """The names of the splits."""
        self._root(manual_dir)
        return ("train", "val")

    def items(self, manual_dir, split):
        """Key, photograph, mask, sequence and frame of every photograph, by city and name."""
        check_split(split, self.splits(manual_dir))
        root = self._root(manual_dir)
        photographs, labels = root / "leftImg8bit" / split, root / "gtFine" / split
        for folder in (photographs, labels):
            if not folder.is_dir():
                raise missing(folder, self)
        found = sorted(photographs.glob("*/*_leftImg8bit.png"))
        if not found:
            raise missing(photographs / "*" / "*_leftImg8bit.png", self)
        for picture in found:
            match = FRAME.fullmatch(picture.stem)
            if match is None:
                raise ValueError(
                    "A photograph must be named after its city, sequence and frame, as "
                    f"aachen_000000_000019_leftImg8bit.png. Received: {picture}. Keep the published names."
                )
            key = picture.stem.removesuffix("_leftImg8bit")
            mask = labels / picture.parent.name / f"{key}_gtFine_labelIds.png"
            yield key, str(picture), str(mask), f"{match['city']}_{match['sequence']}", int(match["frame"])

    def record(self, item):
        """The record of one item."""
        key, picture, mask, sequence, frame = item
        return semantic_record(key, picture, read_class_ids(mask, self.IDS), group=sequence, position=frame)

    def _root(self, manual_dir):
        return find_root(manual_dir, (".", "cityscapes"), "leftImg8bit", self)
