"""Connected regions of one class in a mask, found with run lengths and a vectorised union-find."""

import numpy as np

from kmm.feature_keys import IGNORE_VALUE


class ConnectedComponents:
    """The 8-connected regions of equal class id in a mask, without specks and ignored pixels.

    Each row is cut into runs of equal ids, runs of neighbouring rows that touch are joined, all rows at once. About
    2 ms for a street scene of 360 x 480 pixels.

    Args:
        mask: uint8 class ids `(height, width)`; 255 belongs to no component.
        min_area: components of fewer pixels are dropped.

    Attributes:
        labels: `(height, width)`, 0 where no component is kept, else 1 + the index of the component.
        class_ids: `(num_components,)`.
        areas: `(num_components,)`, pixels.
        boxes: `(num_components, 4)`, top, left, bottom, right in pixels; bottom and right are exclusive.
        centres: `(num_components, 2)`, mean row and column in pixels.

    Example:

    >>> components = ConnectedComponents(np.array([[1, 0, 2], [0, 1, 2]], np.uint8), min_area=2)
    >>> components.class_ids.tolist(), components.areas.tolist()
    ([1, 0, 2], [2, 2, 2])
    >>> components.labels.tolist()
    [[1, 2, 3], [2, 1, 3]]
    """

    def __init__(self, mask, min_area=1):
        height, width = mask.shape
        # Runs: positions in the flattened mask, never across a row end.
        change = np.ones((height, width), bool)
        change[:, 1:] = mask[:, 1:] != mask[:, :-1]
        starts = np.flatnonzero(change)
        ends = np.append(starts[1:], height * width)
        rows, values = starts // width, mask.reshape(-1)[starts]
        roots = _joined(len(starts), *_touching(starts, ends, rows, values, mask.shape))

        # Components: runs added up by their root.
        order, component = np.unique(roots, return_inverse=True)
        lengths = ends - starts
        areas = np.bincount(component, lengths, len(order)).astype(np.int64)
        keep = (areas >= min_area) & (values[order] != IGNORE_VALUE)
        index = np.cumsum(keep) - 1
        runs = keep[component]
        component, count = index[component[runs]], int(keep.sum())
        rows, lengths, lefts = rows[runs], lengths[runs], starts[runs] % width

        self.class_ids = values[order][keep]
        self.areas = areas[keep]
        self.boxes = np.stack(
            [
                _extreme(np.minimum, component, rows, count, height),
                _extreme(np.minimum, component, lefts, count, width),
                _extreme(np.maximum, component, rows + 1, count, 0),
                _extreme(np.maximum, component, lefts + lengths, count, 0),
            ],
            axis=-1,
        )  # (num_components, 4)
        row_sums = np.bincount(component, rows * lengths, count)
        column_sums = np.bincount(component, lefts * lengths + lengths * (lengths - 1) / 2, count)
        self.centres = np.stack([row_sums, column_sums], axis=-1) / self.areas[:, None]  # (num_components, 2)
        labels = np.zeros(len(runs), np.uint8 if count < 256 else np.int32)
        labels[runs] = component + 1
        self.labels = np.repeat(labels, ends - starts).reshape(height, width)

    def __len__(self):
        return len(self.areas)

    def of_class(self, class_id) -> np.ndarray:
        """The indices of the components of a class."""
        return np.flatnonzero(self.class_ids == class_id)


def _touching(starts, ends, rows, values, shape):
    """Pairs of runs of equal value in neighbouring rows that share a side or a corner."""
    height, width = shape
    first = np.searchsorted(rows, np.arange(height + 2))  # the first run of every row
    # A run [start, end) touches every run of the next row that ends at or after start and starts at or before end.
    low = np.maximum(np.searchsorted(ends, starts + width), first[rows + 1])
    high = np.minimum(np.searchsorted(starts, ends + width, side="right"), first[rows + 2])
    counts = np.maximum(high - low, 0)
    above = np.repeat(np.arange(len(starts)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
    same = values[above] == values[below]
    return above[same], below[same]


def _joined(count, first, second):
    """The root of every run: roots hook onto their smallest neighbour until no pair is open."""
    roots = np.arange(count)
    while True:
        a, b = roots[first], roots[second]
        open_pairs = a != b
        if not open_pairs.any():
            return roots
        first, second = first[open_pairs], second[open_pairs]
        a, b = a[open_pairs], b[open_pairs]
        np.minimum.at(roots, np.maximum(a, b), np.minimum(a, b))
        while True:
            jumped = roots[roots]
            if np.array_equal(jumped, roots):
                break
            roots = jumped


def _extreme(function, component, values, count, start):
    result = np.full(count, start, np.int64)
    function.at(result, component, values)
    return result
