import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomErasing

IMAGE = np.full((20, 30, 3), 9, "uint8")


def hidden(index, **arguments):
    """The rectangle that is hidden, as rows and columns; fails when it is none or anything else changes."""
    step = RandomErasing(**{"probability": 1.0, **arguments})
    changed = step({"images": tf.constant(IMAGE)}, tf.constant([9, index], "int64"))["images"].numpy()
    assert set(np.unique(changed)) <= {9, 127} and changed.dtype == np.uint8
    rows, columns = np.nonzero(changed[..., 0] == 127)
    if len(rows):
        assert (changed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 127).all()
        assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    return np.unique(rows), np.unique(columns)


def test_hides_one_rectangle_of_the_area_and_ratio_wanted():
    found = [hidden(index, smallest=0.1, largest=0.3, most_stretch=2.0) for index in range(100)]
    areas = np.array([len(rows) * len(columns) for rows, columns in found]) / 600
    stretches = np.array([(len(columns) / 30) / (len(rows) / 20) for rows, columns in found])
    assert 0.08 < areas.min() < 0.15 and 0.25 < areas.max() < 0.33
    assert 0.45 < stretches.min() < 0.6 and 1.7 < stretches.max() < 2.2
    assert min(rows[0] for rows, _ in found) == 0 and max(rows[-1] for rows, _ in found) == 19
    assert min(columns[0] for _, columns in found) == 0 and max(columns[-1] for _, columns in found) == 29


def test_probability():
    off = [not len(hidden(index, probability=0.5)[0]) for index in range(100)]
    assert 0.35 < np.mean(off) < 0.65


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"probability": 2}, r"lies in \[0, 1\]. Received: probability=2"),
        ({"smallest": 0}, r"lie in \(0, 1\], .* Received: smallest=0, largest=0.25"),
        ({"smallest": 0.5}, "not above the largest. Received: smallest=0.5, largest=0.25"),
        ({"largest": 2}, r"lie in \(0, 1\], .* Received: smallest=0.02, largest=2"),
        ({"most_stretch": 0.5}, "factor of at least 1. Received: most_stretch=0.5"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomErasing(**arguments)
