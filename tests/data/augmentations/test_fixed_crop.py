import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kmm.data import FixedCrop


def window(crop, index, shape, box=(0.0, 0.0, 0.0, 0.0), prompt="the cup"):
    example = {"prompts": tf.constant([prompt]), "bounding_boxes": tf.constant([box])}
    return crop.window(example, tf.constant([1, index], tf.int64), *shape).numpy()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6))
def test_windows_have_the_size_wanted_or_what_there_is(height, width, rows, columns, index):
    top, left, found_rows, found_columns = window(FixedCrop(rows, columns), index, (height, width))
    assert (found_rows, found_columns) == (min(rows, height), min(columns, width))
    assert 0 <= top <= height - found_rows and 0 <= left <= width - found_columns


def test_windows_lie_anywhere():
    found = np.array([window(FixedCrop(10, 10), index, (30, 40)) for index in range(200)])
    assert found[:, 0].min() == 0 and found[:, 0].max() == 20 and len(np.unique(found[:, 1])) > 20


def test_keeps_the_target_and_the_words():
    for index in range(30):
        top, left, height, width = window(FixedCrop(10, 10), index, (30, 40), box=(0.5, 0.5, 0.6, 0.6))
        if (height, width) != (30, 40):  # no window found: the whole picture
            inside = min(18, top + 10) - max(15, top), min(24, left + 10) - max(20, left)
            assert min(inside) > 0 and inside[0] * inside[1] >= 0.8 * 3 * 4 - 1e-3
        assert window(FixedCrop(10, 10), index, (30, 40), prompt="the cup on the left").tolist() == [0, 0, 30, 40]


@pytest.mark.parametrize("size", [(0, 4), (4, -1)])
def test_refuses_windows_without_pixels(size):
    with pytest.raises(ValueError, match=f"needs pixels. Received: height={size[0]}, width={size[1]}"):
        FixedCrop(*size)
