"""Annotation files in COCO's format."""

import json
import os
import pathlib
import re

import numpy as np

from kmm.data.class_list import ClassList
from kmm.data.files.bad_entry import BadEntry
from kmm.data.files.coco_entry import CocoEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.file_place import file_place
from kmm.data.files.mask_spec import MaskSpec

PARTS = ("images", "annotations", "categories")
PLURALS = {"scissors": "scissors", "skis": "skis", "broccoli": "broccoli"}
"""Of COCO's categories, where the usual rules go wrong."""


def read_coco(path, images, class_list=None, negatives=0.2, keep_bad=False):
    """The pictures of an annotation file; their polygons and run lengths are kept, not decoded.

    Args:
        path: the file.
        images: function from the name of a picture to the folder that it lies in.
        class_list: a `ClassList` with plurals and synonyms of some categories, found by name.
        negatives: share of the phrases that ask for an absent category.
        keep_bad: whether a picture with an annotation that cannot be used becomes a `BadEntry`, instead of an error.

    Returns:
        List of `CocoEntry`s in the order of the file, and the categories' nouns, entries of a `ClassList`.

    Raises:
        ValueError: what is wrong with the file, by id.

    Example:

    >>> import tempfile
    >>> content = {"images": [{"id": 7, "file_name": "7.jpg"}], "categories": [{"id": 3, "name": "cat"}]}
    >>> content["annotations"] = []
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "instances.json")
    ...     _ = path.write_text(json.dumps(content))
    ...     entries, nouns = read_coco(path, lambda name: "pictures")
    >>> entries[0].image, nouns[0].nouns
    ('pictures/7.jpg', (('cat', 'cats'),))
    """
    content = _load(path)
    nouns, categories = _read_categories(content["categories"], path, class_list)
    pictures, sizes, absent, incomplete = {}, {}, {}, {}
    for number, item in enumerate(content["images"]):
        with file_place(f"{path}: images[{number}]"):
            key, name = _field(item, "id", (int, str)), _field(item, "file_name", str)
            if key in pictures:
                raise ValueError(f"An image id must be unique. Received: id {key!r} again. Number the pictures anew.")
            pictures[key] = name
            sizes[key] = _size(item)
            absent[key] = _known(item, "neg_category_ids", None, categories)
            incomplete[key] = _known(item, "not_exhaustive_category_ids", (), categories)
    if not pictures:
        raise ValueError(f"{path}: An annotation file must list pictures. Received: images=[]. Complete it.")
    found, keys, errors = {key: [] for key in pictures}, set(), {}
    for number, item in enumerate(content["annotations"]):
        where = f"{path}: annotations[{number}]"
        with file_place(where):
            picture = _field(item, "image_id", (int, str))
            if picture not in pictures:
                raise ValueError(f"An annotation must belong to a listed picture. Received: image_id={picture!r}.")
        try:
            with file_place(where):
                found[picture].append(_annotation(item, where, keys, categories, sizes[picture]))
        except ValueError as error:
            if not keep_bad:
                raise
            errors.setdefault(picture, str(error))
    entries = []
    for key, name in pictures.items():
        if key in errors:
            entries.append(BadEntry(f"{path}: image id {key}", errors[key]))
            continue
        columns = zip(*found[key], strict=True) if found[key] else ((),) * 5
        image = os.path.join(images(name), name)
        entry = CocoEntry(f"{path}: image id {key}", image, nouns, *columns, absent[key], incomplete[key], negatives)
        entries.append(entry)
    return entries, nouns


def _load(path):
    try:
        content = json.loads(pathlib.Path(path).read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: Annotations must be JSON in UTF-8. Received: {error}. Save it anew.") from error
    wrong = [part for part in PARTS if not isinstance(content, dict) or not isinstance(content.get(part), list)]
    if wrong:
        raise ValueError(
            f"{path}: An annotation file must hold the lists {', '.join(PARTS)}. Received: no list {', '.join(wrong)}. "
            "Export it in COCO's instances format."
        )
    return content


def _field(item, name, kinds):
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"An item needs `{name}`. Received: {item!r:.120}. Export the file in COCO's format.")
    return value


def _read_categories(items, path, class_list):
    """Nouns in the order of the file, and the index of every category id."""
    nouns, indices = [], {}
    given = {entry.name: entry for entry in class_list.entries} if class_list else {}
    for number, item in enumerate(items):
        with file_place(f"{path}: categories[{number}]"):
            key, name = _field(item, "id", int), _field(item, "name", str)
            if key in indices:
                raise ValueError(f"A category id must be unique. Received: id {key} again. Number them anew.")
            indices[key] = len(nouns)
            nouns.append(given.get(name) or _noun(name, item.get("isthing", 1) == 0))
    names = [noun.name for noun in nouns]
    if not names or len(set(names)) < len(names):
        again = next((name for name in names if names.count(name) > 1), "no categories")
        raise ValueError(f"{path}: Categories must have different names. Received: {again!r}. Rename or join them.")
    return tuple(nouns), indices


def _noun(name, stuff):
    """How texts call a category: "traffic_light" and "car_(automobile)" lose what nobody says."""
    spoken = re.sub(r"\s*\(.*?\)", "", name.replace("_", " ")).strip() or name
    plural = {"plural": PLURALS[spoken]} if spoken in PLURALS else {}
    return ClassList.from_json([{"name": spoken, "stuff": stuff, **plural}]).entries[0]


def _annotation(item, where, keys, categories, size):
    """Index of the category, mask, whether it is a crowd, sentences, and what errors call it."""
    key = _field(item, "id", (int, str)) if "id" in item else None
    if key in keys:
        raise ValueError(f"An annotation id must be unique. Received: id {key!r} again. Leave one out.")
    keys.update(() if key is None else (key,))
    category = _field(item, "category_id", int)
    if category not in categories:
        raise ValueError(f"An annotation must be of a listed category. Received: category_id={category!r}.")
    where += "" if key is None else f" (id {key})"
    mask = _mask(item.get("segmentation"), size)
    return categories[category], mask, bool(item.get("iscrowd")), _sentences(item), where


def _size(item):
    size = (item.get("height"), item.get("width"))
    if size == (None, None):
        return None
    if not all(type(side) is int and side > 0 for side in size):
        raise ValueError(f"A picture's height and width must be pixels. Received: {size}. Correct them.")
    return size


def _known(item, name, default, categories):
    """Indices of the categories in a list of ids."""
    if item.get(name) is None:
        return default
    return tuple(sorted(categories[key] for key in _list(item, name) if key in categories))


def _list(item, name):
    if not isinstance(item[name], list):
        raise TypeError(f"`{name}` must be a list. Received: {item[name]!r:.80}. Export the file in COCO's format.")
    return item[name]


def _mask(segmentation, size):
    if isinstance(segmentation, dict):
        counts = segmentation.get("counts")
        if isinstance(counts, list) and all(type(count) is int and 0 <= count < 2**31 for count in counts):
            segmentation = {**segmentation, "counts": np.array(counts, np.int32)}
        return MaskSpec(rle=segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        raise ValueError(
            "An annotation needs a segmentation: polygons or run lengths. "
            f"Received: segmentation={segmentation!r:.80}. Boxes are not enough: draw the mask, or leave it out."
        )
    try:
        polygons = tuple(np.array(polygon, np.float64) for polygon in segmentation)
    except (TypeError, ValueError):
        raise TypeError(f"A polygon must be a flat list of numbers. Received: {segmentation!r:.80}.") from None
    return MaskSpec(polygons=polygons, size=size)


def _sentences(item):
    texts = []
    for sentence in _list(item, "sentences") if item.get("sentences") is not None else ():
        if isinstance(sentence, dict):
            sentence = sentence.get("raw", sentence.get("sent"))
        texts.append(sentence)
    return FilePhrase(tuple(texts), None).texts if texts else ()
