import time

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as numpy_strategies

from kmm.data.connected_components import ConnectedComponents


def flood_fill(mask):
    """The plain way: lists of pixels, in the order of their first pixel."""
    seen, found = np.zeros(mask.shape, bool), []
    for start in np.ndindex(mask.shape):
        if seen[start] or mask[start] == 255:
            continue
        pixels, stack = [], [start]
        seen[start] = True
        while stack:
            row, column = stack.pop()
            pixels.append((row, column))
            for near in np.ndindex(3, 3):
                y, x = row + near[0] - 1, column + near[1] - 1
                inside = 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]
                if inside and not seen[y, x] and mask[y, x] == mask[start]:
                    seen[y, x] = True
                    stack.append((y, x))
        found.append(np.array(pixels))
    return found


masks = numpy_strategies.arrays(
    np.uint8,
    numpy_strategies.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14),
    elements=strategies.sampled_from([0, 1, 2, 255]),
)


@hypothesis.settings(deadline=None, max_examples=200)
@hypothesis.given(mask=masks, min_area=strategies.integers(1, 4))
def test_equals_flood_fill(mask, min_area):
    expected = [pixels for pixels in flood_fill(mask) if len(pixels) >= min_area]
    components = ConnectedComponents(mask, min_area)
    assert len(components) == len(expected)
    labels = np.zeros(mask.shape, int)
    for index, pixels in enumerate(expected):
        labels[tuple(pixels.T)] = index + 1
        assert components.class_ids[index] == mask[tuple(pixels[0])]
        assert components.areas[index] == len(pixels)
        np.testing.assert_array_equal(components.boxes[index], [*pixels.min(axis=0), *(pixels.max(axis=0) + 1)])
        np.testing.assert_allclose(components.centres[index], pixels.mean(axis=0))
    np.testing.assert_array_equal(components.labels, labels)


def test_corners_join_and_row_ends_do_not():
    mask = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.uint8)
    components = ConnectedComponents(mask)
    np.testing.assert_array_equal(components.labels, [[1, 1, 2], [3, 1, 1], [1, 3, 1]])
    assert components.of_class(1).tolist() == [1, 2]


def test_more_than_255_components():
    mask = np.zeros((64, 64), np.uint8)
    mask[::2, ::2] = 1
    components = ConnectedComponents(mask)
    assert len(components) == 1025 and components.labels.max() == 1025


def test_nothing_left():
    components = ConnectedComponents(np.full((3, 4), 255, np.uint8))
    assert len(components) == 0 and components.boxes.shape == (0, 4) and not components.labels.any()


@pytest.mark.parametrize("block", [12, 3])
def test_is_fast(block):
    ids = np.random.default_rng(0).integers(0, 12, (360 // block, 480 // block))
    mask = np.kron(ids, np.ones((block, block))).astype(np.uint8)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        ConnectedComponents(mask)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05
