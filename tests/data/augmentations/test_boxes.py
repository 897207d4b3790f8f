import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import tensorflow as tf

from kmm.data.augmentations.boxes import (
    fitted_boxes,
    kept_boxes,
    mirrored_boxes,
    turned_boxes,
    upturned_boxes,
)
from kmm.preprocessing import boxes_from_masks

MASKS = hypothesis.extra.numpy.arrays(
    "uint8",
    st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    elements=st.sampled_from((0, 0, 0, 1, 9, 255)),
)
WHOLE = np.array([[0, 0, 1, 1]], "float32")


@hypothesis.given(MASKS)
@hypothesis.settings(max_examples=100, deadline=None)
def test_boxes_of_masks_and_of_moved_masks(boxes_from, masks):
    boxes = boxes_from_masks(tf.constant(masks))
    assert boxes.dtype == tf.float32
    np.testing.assert_allclose(boxes, boxes_from(masks), atol=1e-6)
    np.testing.assert_allclose(mirrored_boxes(boxes), boxes_from(masks[:, :, ::-1]), atol=1e-6)
    np.testing.assert_allclose(upturned_boxes(boxes), boxes_from(masks[:, ::-1]), atol=1e-6)
    np.testing.assert_allclose(turned_boxes(boxes), boxes_from(np.rot90(masks, axes=(1, 2))), atol=1e-6)


def test_boxes_are_cut_at_the_window_and_empty_beside_it():
    window = {"starts": [0.5, 0.0], "sizes": [0.5, 0.5]}
    np.testing.assert_allclose(fitted_boxes(WHOLE, **window), WHOLE)
    np.testing.assert_allclose(fitted_boxes(WHOLE / 4 * 3, **window), [[0, 0, 0.5, 1]])
    np.testing.assert_allclose(fitted_boxes(WHOLE / 2, **window), [[0, 0, 0, 0]])
    np.testing.assert_allclose(fitted_boxes(WHOLE * 0, **window), [[0, 0, 0, 0]])


def test_a_window_wider_than_the_picture_shrinks_boxes():
    np.testing.assert_allclose(fitted_boxes(WHOLE, [-0.5, -0.25], [2.0, 2.0]), [[0.25, 0.125, 0.75, 0.625]])


def test_boxes_without_extent_are_none():
    boxes = np.array([[0.2, 0.1, 0.2, 0.9], [0.5, 0.5, 0.5 + 1e-6, 0.7], [0.1, 0.1, 0.2, 0.2]], "float32")
    np.testing.assert_array_equal(kept_boxes(boxes).numpy().any(-1), [False, False, True])
