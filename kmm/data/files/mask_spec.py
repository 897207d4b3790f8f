"""How a data file gives one mask: a picture file, polygons or run lengths."""

import dataclasses

import numpy as np

from kmm.feature_keys import IGNORE_VALUE
from kmm.preprocessing.coco_masks import mask_from_polygons, mask_from_rle
from kmm.preprocessing.read_image import name_of
from kmm.preprocessing.read_mask import read_stored_mask, turn_upright


@dataclasses.dataclass(frozen=True, slots=True)
class MaskSpec:
    """Where one mask comes from; exactly one of `file`, `polygons` and `rle`.

    **A PNG file** marks its target by every value that is not 0, or by `class_id` alone if that is given; 255 is what
    does not count. Only in a file of nothing but 0 and 255, as drawing programs save black and white, is 255 a target.
    If the file says by EXIF how it is to be turned, it is turned so. Otherwise it is turned as its picture is, if it
    has the size in which the picture is stored; a mask of the size of the upright picture is left as it is.

    **Polygons and run lengths** are in pixels of the stored picture, and turned with it. Those made for the upright
    picture are recognised by their size: of run lengths their own, of polygons `size`.

    Args:
        file: path of a PNG file, or its content as bytes.
        class_id: the id in the file that is the target; default: every id but 0.
        polygons: list of flat lists `[x1, y1, x2, y2, ...]`.
        rle: `{"size": [height, width], "counts": ...}`.
        size: `(height, width)` of the picture on which the polygons were drawn; default: as it is stored.

    Example:

    >>> MaskSpec(polygons=[[1, 0, 3, 0, 3, 2, 1, 2]]).read((2, 4), orientation=6).tolist()
    [[0, 0], [1, 1], [1, 1], [0, 0]]
    """

    file: str | bytes | None = None
    class_id: int | None = None
    polygons: tuple | None = None
    rle: dict | None = None
    size: tuple[int, int] | None = None

    def __post_init__(self):
        if sum(form is not None for form in (self.file, self.polygons, self.rle)) != 1:
            raise ValueError(f"A mask must be a file, polygons or run lengths, one of them. Received: {self!r:.200}.")

    def read(self, stored_size, orientation=1):
        """The mask for a picture.

        Args:
            stored_size: `(height, width)` of the picture as its file stores it.
            orientation: the EXIF orientation of the picture, 1 to 8.

        Returns:
            uint8 `(height, width)` of the upright picture: 1 target, 0 not, 255 does not count.
        """
        stored_size = tuple(stored_size)
        upright_size = stored_size[::-1] if orientation >= 5 else stored_size
        if self.file is not None:
            ids, own_orientation = read_stored_mask(self.file)
            mask = _target(ids, self.class_id, self.file)
            if own_orientation != 1:
                mask, orientation, stored_size = turn_upright(mask, own_orientation), 1, upright_size
        elif self.polygons is not None:
            mask = mask_from_polygons(self.polygons, self.size or stored_size)
        else:
            is_upright = isinstance(self.rle, dict) and _as_size(self.rle.get("size")) == upright_size
            mask = mask_from_rle(self.rle, upright_size if is_upright else stored_size)
        if mask.shape == stored_size:
            return turn_upright(mask, orientation)
        if mask.shape == upright_size:
            return mask
        name = "that of the polygons' picture" if self.file is None else name_of(self.file)
        raise ValueError(
            f"A mask must have the size of its picture, {upright_size} (height, width). Received: {mask.shape}, "
            f"{name}. Resize the mask with nearest neighbour, or correct the size."
        )


def _as_size(size):
    return tuple(size) if isinstance(size, (list, tuple)) else None


def _target(ids, class_id, file):
    """0, 1 and 255 from the ids in a file."""
    counts = np.bincount(ids.reshape(-1), minlength=IGNORE_VALUE + 1)
    ignored = ids == IGNORE_VALUE
    if class_id is not None:
        target = ids == class_id
        ignored &= ~target
    elif counts[0] + counts[IGNORE_VALUE] == ids.size:
        target, ignored = ignored, np.zeros_like(ignored)
    else:
        target = (ids != 0) & ~ignored
        greys = np.flatnonzero(counts)
        if counts[IGNORE_VALUE] >= target.sum() and len(greys) > 4:  # 0, 255 and three more or rather many more
            raise ValueError(
                f"A mask must hold ids, not shades. Received: {len(greys)} values, most of them 255, in "
                f"{name_of(file)}, as if drawn with smooth edges. Save 0 and 255 alone, or give the `class_id`."
            )
    if ignored.all():
        raise ValueError(
            f"A mask must have pixels that count. Received: nothing but {IGNORE_VALUE} in {name_of(file)}. "
            "Correct the mask or leave the picture out."
        )
    mask = target.astype(np.uint8)
    mask[ignored] = IGNORE_VALUE
    return mask
