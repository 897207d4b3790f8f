"""Masks from the two forms in which COCO's annotations give them: polygons and run lengths."""

import numpy as np

from kmm.preprocessing.decode_image import MAX_PIXELS

RLE_EXAMPLE = '{"size": [height, width], "counts": "..."}'


def mask_from_polygons(polygons, image_size):
    """The pixels inside at least one of several polygons, by the rule of COCO's own tools.

    Needs pycocotools: `pip install "kmm[coco]"`.

    Args:
        polygons: list of flat lists `[x1, y1, x2, y2, ...]`, at least three points each, in pixels from the upper left
            corner of the picture; they may reach over its edge by up to its size. An empty list gives an empty mask.
        image_size: `(height, width)` of the mask.

    Returns:
        uint8 array `(height, width)` of 0 and 1.

    Raises:
        ImportError: if pycocotools is missing.
        TypeError: if the polygons are not lists of numbers.
        ValueError: if a polygon has an odd number of coordinates, fewer than three points or lies far outside, or the
            size is not one of a picture.

    Example:

    >>> mask_from_polygons([[1, 0, 3, 0, 3, 2, 1, 2]], image_size=(3, 4)).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    height, width = _checked_size(image_size)
    polygons = [_checked_polygon(polygon, height, width) for polygon in _as_list(polygons)]
    try:
        from pycocotools import mask as coco_mask
    except ImportError as error:
        raise ImportError(
            'Polygons need the package pycocotools. Received: none installed. Run: pip install "kmm[coco]"'
        ) from error
    if not polygons:
        return np.zeros((height, width), np.uint8)
    parts = coco_mask.frPyObjects(polygons, height, width)
    return np.ascontiguousarray(coco_mask.decode(coco_mask.merge(parts)))


def mask_from_rle(rle, image_size):
    """The mask in COCO's run-length encoding, compressed (a string) or not (a list of counts).

    The runs are checked before anything is made of them, so that a damaged annotation gives an error and never a mask
    of accidental content.

    Args:
        rle: `{"size": [height, width], "counts": ...}`; counts are lengths of runs down the columns, of 0 and of 1 in
            turn, as a list of numbers or as COCO's compressed `str` or `bytes`.
        image_size: `(height, width)` that the mask must have.

    Returns:
        uint8 array `(height, width)` of 0 and 1.

    Raises:
        TypeError: if it is no such dict.
        ValueError: if the size differs from the picture's, or the runs do not add up to it.

    Example:

    >>> mask_from_rle({"size": [2, 3], "counts": [1, 2, 3]}, image_size=(2, 3)).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    height, width = _checked_size(image_size)
    if not isinstance(rle, dict) or "counts" not in rle or "size" not in rle:
        raise TypeError(f"A run-length encoded mask must be a dict like {RLE_EXAMPLE}. Received: {_short(rle)}.")
    if not _is_pair(rle["size"]) or tuple(rle["size"]) != (height, width):
        raise ValueError(
            f"A run-length encoded mask must have the size of its picture, {[height, width]} (height, width). "
            f"Received: size={_short(rle['size'])}. Correct the size, or encode the mask anew."
        )
    runs = _run_lengths(rle["counts"])
    if runs.size == 0 or runs.min() < 0 or runs.sum() != height * width:
        total = int(runs.sum()) if runs.size and runs.min() >= 0 else "negative or no counts"
        raise ValueError(
            f"The counts of a run-length encoded mask must add up to its {height * width} pixels. "
            f"Received: {total}. The annotation is damaged: encode the mask anew."
        )
    values = np.arange(len(runs), dtype=np.int64).astype(np.uint8) & 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _run_lengths(counts):
    """The counts as int64; each is at most `MAX_PIXELS` or -1, which tells that it is wrong."""
    if isinstance(counts, str):
        counts = counts.encode("ascii", "replace")
    if isinstance(counts, bytes):
        runs = _decompressed(counts)
    elif isinstance(counts, (list, tuple, np.ndarray)):
        runs = list(counts)
    else:
        raise TypeError(f"`counts` must be a list of numbers or COCO's compressed string. Received: {_short(counts)}.")
    return np.array([run if _is_whole(run) and 0 <= run <= MAX_PIXELS else -1 for run in runs], np.int64)


def _decompressed(counts):
    """Counts from COCO's string: each a signed number of 5-bit digits, low first.

    From the fourth on it is the difference to the count two places before. A character holds a digit, 32 if more
    follow, and 48; the highest bit of the last digit is the sign.
    """
    runs, value, shift = [], 0, 0
    for character in counts:
        digit = character - 48
        if not 0 <= digit < 64 or shift > 30:
            return [-1]
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        value -= (digit & 16) << (shift - 4)
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value, shift = 0, 0
    return runs if shift == 0 else [-1]


def _checked_size(image_size):
    if not _is_pair(image_size) or min(image_size) < 1 or image_size[0] * image_size[1] > MAX_PIXELS:
        raise ValueError(
            f"`image_size` must be (height, width) of at most {MAX_PIXELS} pixels. Received: image_size={image_size!r}."
        )
    return int(image_size[0]), int(image_size[1])


def _checked_polygon(polygon, height, width):
    try:
        points = np.array(_as_list(polygon), np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"A polygon must be a flat list of numbers. Received: {_short(polygon)}.") from None
    if points.ndim != 1:
        raise TypeError(f"A polygon must be a flat list of numbers. Received: {_short(polygon)}.")
    if len(points) < 6 or len(points) % 2:
        raise ValueError(
            "A polygon must have three points or more, [x1, y1, x2, y2, x3, y3, ...]. "
            f"Received: {len(points)} numbers, {_short(polygon)}. Complete or remove it."
        )
    x, y = points[::2] / width, points[1::2] / height
    if not np.all((x >= -1) & (x <= 2) & (y >= -1) & (y <= 2)):  # neither for NaN
        raise ValueError(
            f"A polygon must lie in or near its picture of {height} x {width} (height x width) pixels. Received: "
            f"{_short(polygon)}. Give pixels, x before y."
        )
    return points.tolist()


def _as_list(value):
    if not isinstance(value, (list, tuple, np.ndarray)):
        raise TypeError(f"Polygons must be a list of flat lists of numbers. Received: {_short(value)}.")
    return value


def _is_pair(value):
    if not isinstance(value, (list, tuple, np.ndarray)) or len(value) != 2:
        return False
    return all(map(_is_whole, value))


def _is_whole(number):
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)


def _short(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
