import numpy as np
import pytest
import tensorflow as tf

from kmm.preprocessing import boxes_from_masks


def test_hand_made_boxes():
    masks = np.zeros((2, 2, 4, 8), "uint8")
    masks[0, 0, 1:3, 2:4] = 1
    masks[0, 1, 3, 7] = 9
    masks[1, 0, :, :] = 255
    masks[1, 1, 0, 0] = masks[1, 1, 2, 5] = 1
    expected = [[[0.25, 0.25, 0.75, 0.5], [0.75, 0.875, 1, 1]], [[0, 0, 0, 0], [0, 0, 0.75, 0.75]]]
    boxes = boxes_from_masks(masks)
    assert boxes.dtype == tf.float32
    np.testing.assert_array_equal(boxes, expected)
    np.testing.assert_array_equal(boxes_from_masks(masks[0, 0]), expected[0][0])
    np.testing.assert_array_equal(boxes_from_masks(masks[0] != 0), expected[0])


def test_ignored_pixels_are_not_surrounded():
    masks = np.array([[255, 0, 1, 7]])
    np.testing.assert_array_equal(boxes_from_masks(masks), [0, 0.5, 1, 1])
    np.testing.assert_array_equal(boxes_from_masks(masks, ignore_value=7), [0, 0, 1, 0.75])
    np.testing.assert_array_equal(
        boxes_from_masks(np.array([[-1, 0, 1, 0]], "int64"), ignore_value=-1), [0, 0.5, 1, 0.75]
    )


def test_unknown_sizes():
    boxes = tf.function(boxes_from_masks, input_signature=[tf.TensorSpec((None, None, None), tf.uint8)])
    np.testing.assert_array_equal(boxes(tf.eye(4, dtype=tf.uint8)[None, :2]), [[0, 0, 1, 0.5]])


def test_probabilities_are_refused():
    with pytest.raises(TypeError, match="masks must be integer or boolean. Received: masks.dtype=float32. Make masks"):
        boxes_from_masks(np.zeros((2, 4, 4), "float32"))


def test_a_row_is_no_mask():
    with pytest.raises(ValueError, match=r"masks must be \(..., height, width\). Received: masks.shape=\(4,\)"):
        boxes_from_masks(np.zeros(4, "uint8"))
