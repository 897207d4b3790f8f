"""Text-guided data from TensorFlow Datasets."""

import collections.abc
import json
import os

from kmm.data.class_mask_folder import class_list_from, read_pair
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.file_source import FileSource
from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.file_place import file_place
from kmm.data.files.mask_spec import MaskSpec
from kmm.data.files.read_row import SPLITS
from kmm.data.files.tfds_records import CANONICAL, TfdsRecords
from kmm.data.record import NO_TARGET

NAMES = {
    "image": ("image", "images", "picture"),
    "prompts": ("prompts", "prompt", "text", "texts", "caption", "captions", "sentence", "sentences", "phrase"),
    "masks": ("masks", "mask", "segmentation_masks", "segmentation_mask", "segmentation_label", "annotation", "label"),
}
"""What features are called, the first that there is."""


def from_tfds(name_or_builder, split_map=None, features=None, classes=None, task="referring", data_dir=None, seed=0):
    """A source over a data set of TensorFlow Datasets, which is never downloaded or prepared by this.

    Two kinds of data sets go. With prompts: a feature of texts, one or a sequence, and one of masks, one for all
    prompts or a sequence of as many; or any number, if a feature `targets` gives for each prompt the index of its mask,
    -1 for none. Without, or if `classes` are given: a mask of class ids, from which the texts are made, see
    `kmm.data.from_class_masks`.

    Needs TensorFlow Datasets: `pip install "kmm[tfds]"`. Data stored as ArrayRecord are read in place. Data stored as
    TFRecord allow no random access: each split is copied once, still encoded, into a temporary file.

    Args:
        name_or_builder: a name such as "oxford_iiit_pet", the folder of a prepared data set, or a builder.
        split_map: dict from kmm's split to that of the data set, such as `{"train": "train[:90%]", "val":
            "train[90%:]"}`; default: all splits, "validation" being "val".
        features: dict from "image", "prompts" or "masks" to the name of a feature; default: found by usual names.
        classes: names of the class ids, see `kmm.data.from_class_masks`; default: the data set's own.
        task: for masks of class ids: "referring" or "semantic".
        data_dir: folder of prepared data sets; default: that of TensorFlow Datasets.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Returns:
        A `kmm.data.FileSource`, or a `kmm.data.ClassMaskSource` for masks of class ids.

    Raises:
        ImportError: if TensorFlow Datasets is missing.
        ValueError: no such data set, not prepared, or without pictures and masks.

    Example:

    >>> source = from_tfds("oxford_iiit_pet", classes=["", "pet", "background", "outline"])  # doctest: +SKIP
    >>> source.example("train", 0).prompts  # doctest: +SKIP
    ('the pet',)
    """
    builder = _open_builder(name_or_builder, data_dir)
    parts = _find_parts(builder.info.features, features or {}, builder.name)
    if split_map is None:
        split_map = {SPLITS.get(split, split): split for split in builder.info.splits}
    tables = {split: TfdsRecords(builder, own, parts) for split, own in split_map.items()}
    metadata = builder.info.metadata or {}
    if parts["prompts"] and classes is None and metadata.get("task", "referring") == "referring":
        return FileSource(builder.name, {split: _Entries(table) for split, table in tables.items()}, seed)
    names = getattr(builder.info.features[parts["masks"]], "names", None)
    classes = classes or json.loads(metadata.get("class_list") or "null") or names
    if classes is None:
        raise ValueError(
            f"Masks of class ids need the names of their classes. Received: none for {builder.name!r}. Pass `classes`, "
            "a list of names in the order of the ids."
        )

    def read(split, index):
        record = tables[split][index]
        image, ids, _ = read_pair(record.image_bytes, record.mask_bytes[0])
        return image, ids, record.key

    return ClassMaskSource(
        read_pair=read,
        num_examples={split: len(table) for split, table in tables.items()},
        class_list=class_list_from(classes),
        task=task,
        name=builder.name,
        seed=seed,
        where=lambda split, index: tables[split].where(index),
    )


def _open_builder(name_or_builder, data_dir):
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError('TensorFlow Datasets is missing. Install it: pip install "kmm[tfds]".') from error
    builder = name_or_builder
    if not isinstance(builder, tfds.core.DatasetBuilder):
        try:
            is_folder = os.path.isdir(name_or_builder)
            builder = (
                tfds.builder_from_directory(name_or_builder)
                if is_folder
                else tfds.builder(name_or_builder, data_dir=data_dir)
            )
        except (tfds.core.DatasetNotFoundError, FileNotFoundError) as error:
            text = str(error).partition("\n")[0]
            raise ValueError(
                f"A data set must be one of TensorFlow Datasets. Received: {name_or_builder!r} ({text}). Correct it."
            ) from error
    if not builder.is_prepared():
        raise ValueError(
            f"A data set must be prepared. Received: {builder.name!r}, not in {builder.data_path}. Prepare it with "
            "tensorflow_datasets.builder(...).download_and_prepare(), or pass its `data_dir`."
        )
    return builder


def _find_parts(features, given, name):
    """The names of the features."""
    unknown = [feature for feature in given.values() if feature not in features]
    if unknown or not set(given) <= set(NAMES):
        raise ValueError(
            f"`features` maps {list(NAMES)} to features of the data set. Received: features={given}. Of {name!r} these "
            f"are {sorted(features)}."
        )
    ranks = {feature: len(features[feature].shape or ()) for feature in features}
    parts = {}
    for part, names in NAMES.items():
        found = (feature for feature in names if feature in features and (ranks[feature] > 1) == (part != "prompts"))
        parts[part] = given.get(part) or next(found, None)
    if parts["image"] is None or parts["masks"] is None:
        raise ValueError(
            f"A data set must have a picture and masks. Received: features {sorted(features)} of {name!r}. Name them "
            "with `features`, or take another data set."
        )
    return parts


class _Entries(collections.abc.Sequence):
    """The examples of one split as entries of a `FileSource`."""

    def __init__(self, records):
        self._records = records

    def __len__(self):
        return len(self._records)

    def __getitem__(self, index):
        record, where = self._records[index], self._records.where(index)
        phrases = []
        with file_place(where):
            for text, target, kind in zip(record.prompts, record.targets, record.kinds, strict=True):
                mask = None
                if target != NO_TARGET:
                    mask = MaskSpec(file=record.mask_bytes[target], class_id=1 if record.group == CANONICAL else None)
                phrases.append(FilePhrase((text,), mask, kind, where))
            if not phrases:
                raise ValueError("A picture needs prompts. Received: none. Leave the picture out of the data set.")
        return FileEntry(where, record.image_bytes, tuple(phrases))
