import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmm.preprocessing import mask_from_polygons, mask_from_rle

coco_mask = pytest.importorskip("pycocotools.mask")
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))
BITS = SHAPES.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 1)))


def column_runs(mask):
    """Run lengths down the columns, beginning with those of 0."""
    runs, value = [0], 0
    for bit in mask.T.reshape(-1).tolist():
        if bit != value:
            runs.append(0)
            value = bit
        runs[-1] += 1
    return runs


@settings(max_examples=60, deadline=None)
@given(BITS)
def test_run_lengths_give_the_mask_back(mask):
    size = list(mask.shape)
    np.testing.assert_array_equal(mask_from_rle({"size": size, "counts": column_runs(mask)}, mask.shape), mask)
    compressed = coco_mask.encode(np.asfortranarray(mask))["counts"]
    for counts in (compressed, compressed.decode()):
        found = mask_from_rle({"size": size, "counts": counts}, mask.shape)
        assert found.dtype == np.uint8 and found.flags.c_contiguous
        np.testing.assert_array_equal(found, mask)


def test_long_runs_are_read_too():
    mask = np.zeros((300, 500), np.uint8)
    mask[7:290, 100:460] = 1
    mask[::3, 300:310] = 0
    found = mask_from_rle(
        {"size": [300, 500], "counts": coco_mask.encode(np.asfortranarray(mask))["counts"]}, (300, 500)
    )
    np.testing.assert_array_equal(found, mask)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=12), st.text(max_size=12), st.lists(st.integers(-3, 9), max_size=8)))
def test_any_counts_give_a_whole_mask_or_an_error(counts):
    try:
        mask = mask_from_rle({"size": [3, 4], "counts": counts}, (3, 4))
    except ValueError as error:
        assert "must add up to its 12 pixels" in str(error)
    else:
        np.testing.assert_array_equal(mask, coco_mask.decode(coco_mask.frPyObjects(as_list(mask), 3, 4)))


def as_list(mask):
    return {"size": list(mask.shape), "counts": column_runs(mask)}


def test_polygons():
    square = [1, 1, 5, 1, 5, 4, 1, 4]
    mask = mask_from_polygons([square], (6, 8))
    assert mask.dtype == np.uint8 and mask.flags.c_contiguous
    expected = np.zeros((6, 8), np.uint8)
    expected[1:4, 1:5] = 1
    np.testing.assert_array_equal(mask, expected)
    both = mask_from_polygons([square, [6, 0, 12, 0, 12, 2, 6, 2]], (6, 8))  # the second reaches over the edge
    expected[0:2, 6:] = 1
    np.testing.assert_array_equal(both, expected)
    assert not mask_from_polygons([], (6, 8)).any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-10, 20, allow_nan=False), min_size=6, max_size=16).filter(lambda p: len(p) % 2 == 0))
def test_polygons_as_coco_draws_them(points):
    expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([points], 10, 11)))
    np.testing.assert_array_equal(mask_from_polygons([points], (10, 11)), expected)


@pytest.mark.parametrize(
    "polygons, error, message",
    [
        ([[0, 0, 1, 1, 2]], ValueError, "three points or more.*Received: 5 numbers"),
        ([[0, 0, 4, 4]], ValueError, "three points or more.*Received: 4 numbers"),
        ([[0, 0, 1, 1, 2, float("nan")]], ValueError, "in or near its picture of 4 x 6"),
        ([[0, 0, 1, 1, 1e9, 0]], ValueError, "in or near its picture of 4 x 6"),
        ([[0, 0, 1, 1, 0, 9]], ValueError, "in or near its picture of 4 x 6.*x before y"),
        ([0, 0, 1, 1, 1, 0], TypeError, "flat list of numbers. Received: 0"),
        ([[[0, 0], [1, 1], [1, 0]]], TypeError, "flat list of numbers"),
        ([["a", 0, 1, 1, 1, 0]], TypeError, "flat list of numbers"),
        ([[None, 0, 1, 1, 1, 0]], ValueError, "in or near its picture"),
        ("0 0 1 1", TypeError, "list of flat lists"),
        (None, TypeError, "list of flat lists"),
    ],
)
def test_bad_polygons(polygons, error, message):
    with pytest.raises(error, match=message):
        mask_from_polygons(polygons, (4, 6))


@pytest.mark.parametrize(
    "rle, error, message",
    [
        ({"size": [2, 3], "counts": [1, 2]}, ValueError, "add up to its 6 pixels. Received: 3"),
        ({"size": [2, 3], "counts": [1, 7]}, ValueError, "add up to its 6 pixels. Received: 8"),
        ({"size": [2, 3], "counts": [8, -2]}, ValueError, "Received: negative or no counts"),
        ({"size": [2, 3], "counts": [True, 5]}, ValueError, "Received: negative or no counts"),
        ({"size": [2, 3], "counts": []}, ValueError, "Received: negative or no counts"),
        ({"size": [2, 3], "counts": b""}, ValueError, "Received: negative or no counts"),
        ({"size": [2, 3], "counts": "o"}, ValueError, "Received: negative or no counts"),
        ({"size": [2, 3], "counts": 6}, TypeError, "`counts` must be a list of numbers or .* string. Received: 6"),
        ({"size": [3, 2], "counts": [6]}, ValueError, r"size of its picture, \[2, 3\].*size=\[3, 2\]"),
        ({"size": "2x3", "counts": [6]}, ValueError, "size of its picture.*size='2x3'"),
        ({"counts": [6]}, TypeError, "must be a dict like .*Received: {'counts'"),
        ([6], TypeError, "must be a dict like"),
    ],
)
def test_bad_run_lengths(rle, error, message):
    with pytest.raises(error, match=message):
        mask_from_rle(rle, (2, 3))


@pytest.mark.parametrize("size", [(0, 3), (2**20, 2**20), (2.5, 3), (4,), None])
def test_bad_sizes(size):
    for make in (lambda: mask_from_rle({"size": size, "counts": [6]}, size), lambda: mask_from_polygons([], size)):
        with pytest.raises(ValueError, match=r"`image_size` must be \(height, width\) of at most 67108864 pixels"):
            make()


def test_without_pycocotools(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[coco\]"'):
        mask_from_polygons([[0, 0, 1, 1, 1, 0]], (4, 6))
    assert mask_from_rle({"size": [1, 3], "counts": [1, 2]}, (1, 3)).tolist() == [[0, 1, 1]]
