"""A mask of one thing, kept as small as the thing is."""

import numpy as np

from kmm.feature_keys import IGNORE_VALUE


class CroppedMask:
    """The window of a mask outside of which it is 0, so that many masks of a picture take little memory.

    Args:
        mask: uint8 `(height, width)` of 0, 1 and 255, where nobody can tell.

    Attributes:
        box: top, left, bottom, right of what is not 0, in pixels; bottom and right are exclusive. Zeros for no pixel.
        area: number of pixels that are 1.
        centre: their mean row and column; `None` if there are none.
        nbytes: memory in bytes.

    Example:

    >>> mask = np.zeros((100, 100), np.uint8)
    >>> mask[10:14, 20:30] = 1
    >>> cropped = CroppedMask(mask)
    >>> cropped.box, cropped.area, cropped.centre, cropped.nbytes
    ((10, 20, 14, 30), 40, (11.5, 24.5), 40)
    >>> np.array_equal(cropped.paint(np.zeros_like(mask)), mask)
    True
    """

    def __init__(self, mask):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            self.box = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        else:
            self.box = (0, 0, 0, 0)
        top, left, bottom, right = self.box
        self._window = mask[top:bottom, left:right].copy()
        self._window.flags.writeable = False
        inside = self._window == 1
        self.area, self.centre = int(inside.sum()), None
        if self.area:
            heights, widths = inside.sum(axis=1), inside.sum(axis=0)
            row, column = np.arange(len(heights)) @ heights, np.arange(len(widths)) @ widths
            self.centre = (top + float(row) / self.area, left + float(column) / self.area)

    @property
    def nbytes(self):
        return self._window.nbytes

    def paint(self, canvas, value=None):
        """Draw what is 1 with `value` into a mask of the picture's size, in place, and return it.

        Without a value what is 1 becomes 1, and what is 255 becomes 255 where the canvas holds 0.
        """
        top, left, bottom, right = self.box
        window = canvas[top:bottom, left:right]
        if value is None:
            window[(self._window == IGNORE_VALUE) & (window == 0)] = IGNORE_VALUE
        window[self._window == 1] = 1 if value is None else value
        return canvas
