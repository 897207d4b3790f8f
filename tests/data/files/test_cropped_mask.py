import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmm.data.files.cropped_mask import CroppedMask

MASKS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 255]))
)


@settings(max_examples=80, deadline=None)
@given(MASKS)
def test_it_is_the_same_mask(mask):
    cropped = CroppedMask(mask)
    np.testing.assert_array_equal(cropped.paint(np.zeros_like(mask)), mask)
    assert cropped.area == (mask == 1).sum()
    rows, columns = np.nonzero(mask)
    if len(rows):
        assert cropped.box == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
    rows, columns = np.nonzero(mask == 1)
    if len(rows):
        np.testing.assert_allclose(cropped.centre, (rows.mean(), columns.mean()))
    else:
        assert cropped.centre is None


def test_an_empty_mask_takes_no_memory():
    cropped = CroppedMask(np.zeros((5, 6), np.uint8))
    assert (cropped.box, cropped.nbytes, cropped.area) == ((0, 0, 0, 0), 0, 0)
    assert not cropped.paint(np.zeros((5, 6), np.uint8)).any()


def test_painting_over_others():
    cropped = CroppedMask(np.array([[0, 1, 255, 0, 255]], np.uint8))
    canvas = np.array([[1, 255, 1, 0, 0]], np.uint8)
    assert cropped.paint(canvas.copy()).tolist() == [[1, 1, 1, 0, 255]]
    assert cropped.paint(canvas.copy(), 7).tolist() == [[1, 7, 1, 0, 0]]


def test_it_does_not_change_with_the_mask():
    mask = np.ones((2, 2), np.uint8)
    cropped = CroppedMask(mask)
    mask[:] = 0
    assert cropped.paint(mask).all()
