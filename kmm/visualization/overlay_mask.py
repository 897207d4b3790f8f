"""A mask drawn over its picture."""

import numpy as np

from kmm.feature_keys import IGNORE_VALUE
from kmm.visualization.class_colors import class_colors

TRUTH_COLOR = (0, 190, 60)
PREDICTION_COLOR = (255, 130, 0)


def overlay_mask(image, mask, class_names=(), color=PREDICTION_COLOR, opacity=0.5):
    """Tints a picture by a mask, with outlines; pixels labelled 255 stay as they are.

    Args:
        image: uint8 `(height, width, 3)`.
        mask: `(height, width)` of the same size: class ids where `class_names` are given, which are drawn in
            `class_colors`; else binary, drawn in `color` where it is 1.
        class_names: names in the order of their ids.
        color: RGB, values in [0, 255], for binary masks.
        opacity: of the tint, in [0, 1]; outlines are opaque.

    Returns:
        uint8 picture `(height, width, 3)`.

    Raises:
        ValueError: if picture and mask do not fit each other, or the mask holds ids beyond the classes.

    Example:

    >>> overlay_mask(np.zeros((20, 30, 3), np.uint8), np.ones((20, 30), bool)).shape
    (20, 30, 3)
    """
    image, mask = np.asarray(image), np.asarray(mask)
    if image.ndim != 3 or image.shape[-1] != 3 or mask.shape != image.shape[:2]:
        raise ValueError(
            "A mask must have the height and width of its RGB picture. "
            f"Received: image.shape={image.shape}, mask.shape={mask.shape}. Resize the mask."
        )
    colors = class_colors(len(class_names)) if len(class_names) else np.array([(0, 0, 0), color], np.uint8)
    drawn = mask != IGNORE_VALUE if len(class_names) else mask == 1
    ids = np.where(drawn, mask, 0).astype(int)
    if ids.max(initial=0) >= len(colors):
        raise ValueError(
            f"Class ids in a mask must be below {len(colors)}, the number of names. Received: {ids.max()}. "
            "Name every class."
        )
    strength = np.where(_outlines(np.where(drawn, ids, -1)), 1.0, opacity) * drawn
    blended = image * (1 - strength[..., None]) + colors[ids] * strength[..., None]
    return np.round(blended).astype(np.uint8)


def _outlines(regions):
    """Pixels within a line's width, one for every 150 pixels of the picture, of another region."""
    outlines = np.zeros(regions.shape, bool)
    for shift in range(1, 1 + max(1, round(max(regions.shape) / 150))):
        for lines, marked in ((regions, outlines), (regions.T, outlines.T)):
            differs = lines[shift:] != lines[:-shift]
            marked[shift:] |= differs
            marked[:-shift] |= differs
    return outlines
