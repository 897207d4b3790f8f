"""The layout of the REFER toolkit, in which RefCOCO and its kin are published: `refs(SPLITBY).p`, `instances.json`."""

import json
import pathlib
from typing import NamedTuple

from data_pipelines.record_parts import referring_record
from data_pipelines.restricted_unpickler import read_plain_pickle
from kmm.preprocessing.coco_masks import mask_from_polygons, mask_from_rle

SPLITS = ("train", "val", "test", "testA", "testB", "testC")
"""Known splits in the order in which they are listed."""

TEXTS = ("sent", "raw")

FIELDS = {
    "images": {"id", "file_name", "height", "width"},
    "annotations": {"id", "image_id", "segmentation"},
}
"""What is read of `instances.json`."""


class ReferItem(NamedTuple):
    """One picture of one split with all that refers to it, before anything is drawn.

    Args:
        key: the image id.
        image_path: path of the picture.
        image_size: `(height, width)` in which the outlines are given.
        outlines: COCO segmentation by annotation id, for all that is referred to.
        phrases: `(text, annotation ids, kind)`; no id for a text that names nothing in the picture.
    """

    key: str
    image_path: str
    image_size: tuple[int, int]
    outlines: dict
    phrases: tuple[tuple[str, tuple[int, ...], str], ...]


class ReferApi:
    """Base of the data sets in the layout of the REFER toolkit; see `RefCoco` for one.

    A subclass gives the texts that describe it, `folder` (where its annotations lie), `refs_files` (patterns of their
    names, the first that exists is read), `image_folders` (where the pictures may lie) and `counts` (by `split_by`).
    All references to a picture within a split make one item; the order is that of the file.

    Args:
        split_by: who made the splits, one of `counts`; default: the first.
        text: "sent", the owners' cleaned sentence, which published scores use, or "raw", what people typed.
        shared_pictures: "refuse" or "allow" a picture in several splits. Those by "google" are always allowed: they
            share out objects and not pictures, so that scores on their validation and test splits are too high.

    Raises:
        FileNotFoundError: from `splits` and `items`, if an annotation file or every folder of pictures is missing.
        ValueError: for an unknown argument or split, and for annotations that do not fit together.
    """

    task = "referring"
    class_list = None
    refs_files = ("refs({}).p",)
    image_folders = ("train2014", "images/train2014", "images/mscoco/images/train2014")
    test_splits_overlap = False

    def __init__(self, split_by=None, text="sent", shared_pictures="refuse"):
        split_by = next(iter(self.counts)) if split_by is None else split_by
        if split_by not in self.counts:
            raise ValueError(f"`split_by` must be one of {tuple(self.counts)}. Received: split_by={split_by!r}.")
        if text not in TEXTS:
            raise ValueError(f"`text` must be one of {TEXTS}. Received: text={text!r}.")
        if shared_pictures not in ("refuse", "allow"):
            raise ValueError(f"`shared_pictures` must be 'refuse' or 'allow'. Received: {shared_pictures!r}.")
        self.split_by, self.text = split_by, text
        self.shared_pictures = "allow" if split_by == "google" else shared_pictures
        self.expected_counts = self.counts[split_by]

    def splits(self, manual_dir):
        """The splits that the references name."""
        found = {split for ref in self._refs(manual_dir)[1] for split in splits_of(ref["split"])}
        return tuple(sorted(found, key=lambda split: ((*SPLITS, split).index(split), split)))

    def items(self, manual_dir, split):
        """One `ReferItem` for each picture of the split; reads the annotation files and no picture."""
        path, refs = self._refs(manual_dir)
        by_picture = {}
        for ref in refs:
            if split in splits_of(ref["split"]):
                by_picture.setdefault(ref["image_id"], []).append(ref)
        if not by_picture:
            known = self.splits(manual_dir)
            raise ValueError(f"`split` must be one of {known}. Received: split={split!r} for {path}.")
        instances_file = path.parent / "instances.json"
        images, annotations = self._instances(instances_file, by_picture, path)
        folder = self._image_folder(manual_dir)
        for image_id, group in by_picture.items():
            if image_id not in images:
                raise ValueError(_unknown("picture", image_id, group[0], path, instances_file))
            outlines = {}
            for ref in group:
                for ann_id in self.annotation_ids(ref, path):
                    if annotations.get(ann_id, {}).get("image_id") != image_id:
                        raise ValueError(_unknown("annotation of its picture", ann_id, ref, path, instances_file))
                    outlines[ann_id] = annotations[ann_id]["segmentation"]
            yield ReferItem(
                str(image_id),
                str(self.image_file(folder, images[image_id])),
                (images[image_id]["height"], images[image_id]["width"]),
                outlines,
                tuple(phrase for ref in group for phrase in self._phrases(ref, path)),
            )

    def record(self, item):
        """The record of one item: reads the picture and draws the masks."""
        masks = {(): None}
        try:
            for _, ann_ids, _ in item.phrases:
                if ann_ids not in masks:
                    masks[ann_ids] = draw([item.outlines[ann_id] for ann_id in ann_ids], item.image_size)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Outlines must be COCO polygons or RLE. Received: annotations {ann_ids} of picture {item.key}, "
                f"{item.image_path}: {error} Repair instances.json."
            ) from error
        return referring_record(
            item.key, item.image_path, [(text, masks[ann_ids], kind) for text, ann_ids, kind in item.phrases]
        )

    def annotation_ids(self, ref, path):
        """Ids of the annotations that a reference names, as a tuple."""
        return tuple(ref["ann_id"]) if isinstance(ref["ann_id"], list) else (ref["ann_id"],)

    def kind(self, ref):
        """What a reference asks for."""
        return "phrase"

    def image_file(self, folder, image):
        """Path of a picture, given its entry in `instances.json`."""
        return folder / image["file_name"]

    def _phrases(self, ref, path):
        ann_ids, kind = self.annotation_ids(ref, path), self.kind(ref)
        return [(sentence.get(self.text) or _other(sentence), ann_ids, kind) for sentence in ref["sentences"]]

    def _refs(self, manual_dir):
        """Path of the file of references and its content, checked."""
        folders = [pathlib.Path(manual_dir) / self.folder, pathlib.Path(manual_dir)]
        paths = [folder / name.format(self.split_by) for folder in folders for name in self.refs_files]
        path = next((path for path in paths if path.is_file()), paths[0])
        existing_file(path, self.manual_files)
        refs = read_json(path, self.manual_files) if path.suffix == ".json" else read_plain_pickle(path)
        for place, ref in enumerate(refs if isinstance(refs, list) else [refs]):
            if not _is_reference(ref):
                raise ValueError(
                    "References must be a list of dicts with `image_id`, `ann_id`, `split` and `sentences`, each with "
                    f"`sent` or `raw`. Received: entry {place} of {path}: {ascii(ref)[:200]}. Fetch the file from its "
                    "owners again."
                )
        if self.shared_pictures == "refuse":
            self._check_shared_pictures(refs, path)
        return path, refs

    def _instances(self, instances_file, by_picture, path):
        """Entries of the wanted pictures and annotations by id; the rest of the file does not stay in memory."""
        wanted = {ann_id for group in by_picture.values() for ref in group for ann_id in self.annotation_ids(ref, path)}
        instances = read_json(instances_file, self.manual_files)
        images, annotations = (_by_id(instances, name, instances_file) for name in FIELDS)
        return (
            {image_id: images[image_id] for image_id in by_picture if image_id in images},
            {ann_id: annotations[ann_id] for ann_id in wanted if ann_id in annotations},
        )

    def _check_shared_pictures(self, refs, path):
        first_split = {}
        for ref in refs:
            split = "test" if self.test_splits_overlap and ref["split"].startswith("test") else ref["split"]
            first = first_split.setdefault(ref["image_id"], split)
            if first != split:
                raise ValueError(
                    f"A picture must be in one split only. Received: image_id={ref['image_id']} in {first!r} and "
                    f"{split!r} of {path}. Remove it from one, or allow it with shared_pictures='allow'."
                )

    def _image_folder(self, manual_dir):
        folders = [pathlib.Path(manual_dir) / name for name in self.image_folders]
        for folder in folders:
            if folder.is_dir():
                return folder
        raise FileNotFoundError(
            f"The folder of pictures must exist. Received: none of {', '.join(map(str, folders))}. Expected:\n"
            f"{self.manual_files}"
        )


def splits_of(name):
    """The splits that a reference's `split` names: "testAB" means both "testA" and "testB".

    Example:

    >>> splits_of("val"), splits_of("testA"), splits_of("testBC")
    (('val',), ('testA',), ('testB', 'testC'))
    """
    letters = name.removeprefix("test")
    return tuple(f"test{letter}" for letter in letters) if name != letters and letters.isupper() else (name,)


def draw(outlines, image_size):
    """The union of COCO segmentations, each a list of polygons, an RLE or a list of RLEs, as uint8 of 0 and 1.

    Example:

    >>> square = [[1, 1, 3, 1, 3, 3, 1, 3]]
    >>> draw([square, {"size": [3, 4], "counts": [0, 1, 11]}], (3, 4)).tolist()
    [[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0]]
    """
    mask = 0
    for outline in outlines:
        if isinstance(outline, dict):
            outline = [outline]
        if not isinstance(outline, list) or not outline:
            raise ValueError(f"a segmentation must be polygons or RLE, received: {outline!r}.")
        if isinstance(outline[0], dict):
            for rle in outline:
                mask = mask | mask_from_rle(rle, image_size)
        else:
            mask = mask | mask_from_polygons(outline, image_size)
    return mask


def existing_file(path, manual_files):
    """`path`, if there is such a file; else an error that shows what the manual folder must hold."""
    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(f"A file of the data set must exist. Received: {path}. Expected:\n{manual_files}")
    return path


def read_text(path, manual_files):
    """The content of a text file of the data set."""
    try:
        return existing_file(pathlib.Path(path), manual_files).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"A text file must be UTF-8. Received: {path} ({error}). Fetch the file from its owners again."
        ) from error


def read_json(path, manual_files):
    """The content of a JSON file of the data set."""
    text = read_text(path, manual_files)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"An annotation file must hold JSON. Received: {path} ({error}). Fetch the file from its owners again."
        ) from error


def _is_reference(ref):
    if not isinstance(ref, dict) or not {"image_id", "ann_id", "split", "sentences"} <= set(ref):
        return False
    ann_ids = ref["ann_id"] if isinstance(ref["ann_id"], list) else [ref["ann_id"]]
    sentences = ref["sentences"] if isinstance(ref["sentences"], list) else []
    return (
        all(isinstance(number, int) for number in (ref["image_id"], *ann_ids))
        and isinstance(ref["split"], str)
        and bool(ann_ids and sentences)
        and all(isinstance(s, dict) and any(isinstance(s.get(name), str) for name in TEXTS) for s in sentences)
    )


def _other(sentence):
    """The other wording of a sentence whose wanted one is empty or missing."""
    return next((sentence[name] for name in TEXTS if sentence.get(name)), "")


def _by_id(instances, name, path):
    entries = instances.get(name) if isinstance(instances, dict) else None
    entries = entries if isinstance(entries, list) else [entries]
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict) or not FIELDS[name] <= set(entry):
            raise ValueError(
                f"Each of the `{name}` must have {sorted(FIELDS[name])}. Received: entry {place} of {path}: "
                f"{ascii(entry)[:200]}. Fetch the file from its owners again."
            )
    by_id = {entry["id"]: entry for entry in entries}
    if len(by_id) < len(entries):
        repeated = next(entry["id"] for entry in entries if by_id[entry["id"]] is not entry)
        raise ValueError(f"Ids of `{name}` must not repeat. Received: id={repeated} twice in {path}. Remove one.")
    return by_id


def _unknown(what, number, ref, path, instances_file):
    return (
        f"A reference must name a known {what}. Received: id={number} in the reference {ref.get('ref_id')} of {path}, "
        f"not in {instances_file}. Take both files from one release."
    )
