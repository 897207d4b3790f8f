"""One row of a table of the user's: a picture, its words and a mask."""

import os

from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.mask_spec import MaskSpec

MASK_FIELDS = ("segmentation_mask", "mask", "polygons", "rle")
SPLITS = {"valid": "val", "validation": "val", "dev": "val"}
"""Other words for a split."""

EXAMPLE_ROW = '{"image": "images/1.jpg", "prompt": "the red car", "segmentation_mask": "masks/1.png"}'


def read_row(row, where="", masks=""):
    """The content of one row, its texts checked, its files not read.

    Args:
        row: dict of the fields that `kmm.data.from_jsonl` describes.
        where: file and line, kept for messages.
        masks: folder that relative paths of masks start from.

    Returns:
        The picture's path as it is written, a `FilePhrase`, the split or `None`, and the id or `None`.

    Raises:
        TypeError, ValueError: what is wrong with a field.

    Example:

    >>> image, phrase, split, _ = read_row({"image": "1.jpg", "prompt": "a dog", "mask": None, "split": "dev"})
    >>> image, phrase.texts, phrase.mask, split
    ('1.jpg', ('a dog',), None, 'val')
    """
    if not isinstance(row, dict):
        raise TypeError(f"A row must be an object such as {EXAMPLE_ROW}. Received: {row!r:.80}.")
    image = _text(row, "image")
    if image is None:
        raise ValueError(f"A row needs an `image`. Received: fields {sorted(row)[:12]}. Write {EXAMPLE_ROW}.")
    kind, split, key = _text(row, "kind"), _text(row, "split"), row.get("id")
    if key is not None and (isinstance(key, bool) or not isinstance(key, (str, int))):
        raise TypeError(f"An `id` must be a text or a whole number. Received: id={key!r:.80}.")
    phrase = FilePhrase(_texts(row), _mask(row, masks), kind, where)
    return image, phrase, SPLITS.get(split, split), key


def _text(row, field):
    """A field that holds a text with words, or `None`."""
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise TypeError(f"`{field}` must be a text that is not blank. Received: {field}={value!r:.80}.")
    return value


def _texts(row):
    given = [field for field in ("prompt", "prompts") if row.get(field) is not None]
    if len(given) != 1:
        raise ValueError(
            f"A row needs a `prompt`, or `prompts` for several wordings of one. Received: {given or 'neither'}, fields "
            f"{sorted(row)[:12]}. Write {EXAMPLE_ROW}."
        )
    value = row[given[0]]
    if given[0] == "prompt":
        return (value,)
    if not isinstance(value, (list, tuple)) or not value:
        raise TypeError(f"`prompts` must be a list of texts, not empty. Received: prompts={value!r:.80}.")
    return tuple(value)


def _mask(row, masks):
    given = [field for field in MASK_FIELDS if field in row]
    filled = [field for field in given if row[field] not in (None, [], {}, "")]
    if not given or len(filled) > 1:
        raise ValueError(
            f"A row needs one mask: {', '.join(MASK_FIELDS)}; null if the prompt names nothing. "
            f"Received: {filled or 'none'}, fields {sorted(row)[:12]}. Write {EXAMPLE_ROW}."
        )
    if not filled:
        return None
    field, value = filled[0], row[filled[0]]
    class_id = row.get("class_id")
    if field in ("segmentation_mask", "mask"):
        if isinstance(value, dict) and "path" in value:
            value, class_id = value["path"], value.get("class_id", class_id)
        field = {list: "polygons", dict: "rle"}.get(type(value), "file")
    if class_id is not None and (field != "file" or isinstance(class_id, bool) or not isinstance(class_id, int)):
        raise TypeError(
            f"A `class_id` must be a whole number and belong to a mask in a file. Received: class_id={class_id!r:.80} "
            f"beside `{filled[0]}`."
        )
    if field == "rle":
        return MaskSpec(rle=_checked(value, dict, "rle", '{"size": [height, width], "counts": ...}'))
    if field == "polygons":
        polygons = _checked(value, list, "polygons", "[[x1, y1, x2, y2, x3, y3, ...], ...]")
        return MaskSpec(polygons=polygons, size=_size(row.get("size")))
    _checked(value, str, filled[0], "a path")
    return MaskSpec(file=os.path.join(masks, value), class_id=class_id)


def _checked(value, kind, field, example):
    if not isinstance(value, kind) or (kind is str and "\0" in value):
        raise TypeError(f"`{field}` must be {example}. Received: {field}={value!r:.80}.")
    return value


def _size(size):
    if size is None:
        return None
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise TypeError(f"`size` must be [height, width] in pixels. Received: size={size!r:.80}.")
    return tuple(size)
