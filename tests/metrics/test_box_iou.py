import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import box_iou, generalized_box_iou

NONE = [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "box, other, iou, generalized",
    [
        pytest.param([0.2, 0.1, 0.8, 0.5], [0.2, 0.1, 0.8, 0.5], 1.0, 1.0, id="the same"),
        pytest.param([0.0, 0.0, 0.5, 0.5], [0.0, 0.25, 0.5, 0.75], 1 / 3, 1 / 3, id="half of each"),
        pytest.param([0.0, 0.0, 1.0, 1.0], [0.25, 0.25, 0.75, 0.75], 1 / 4, 1 / 4, id="one inside the other"),
        pytest.param([0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0], 0.0, -1 / 2, id="corner to corner"),
        pytest.param([0.0, 0.0, 0.5, 0.25], [0.0, 0.75, 0.5, 1.0], 0.0, -1 / 2, id="apart"),
        pytest.param(NONE, NONE, 1.0, 1.0, id="none and none"),
        pytest.param(NONE, [0.0, 0.0, 0.5, 0.5], 0.0, -1.0, id="none and a box"),
        pytest.param([0.1, 0.2, 0.1, 0.9], [0.3, 0.3, 0.3, 0.3], 1.0, 1.0, id="without extent means none"),
        pytest.param([0.1, 0.2, 0.1, 0.9], [0.0, 0.0, 0.5, 0.5], 0.0, -1.0, id="without extent and a box"),
    ],
)
def test_hand_made_cases(box, other, iou, generalized):
    for pair in ((box, other), (other, box)):
        np.testing.assert_allclose(box_iou(*pair), iou, rtol=1e-12)
        np.testing.assert_allclose(generalized_box_iou(*pair), generalized, rtol=1e-12)


@hypothesis.settings(deadline=None, max_examples=20)
@hypothesis.given(hypothesis.extra.numpy.arrays("int64", (2, 6), elements=st.integers(0, 12)))
def test_equals_the_count_of_cells(ends):
    """Boxes on a grid of 12 x 12 cells, against counted cells."""
    boxes = np.stack([np.minimum(ends[0], ends[1]), np.maximum(ends[0], ends[1])])[:, :4].reshape(2, 2, 2)
    boxes = np.concatenate([boxes[0], boxes[1]], axis=-1)  # two boxes: top, left, bottom, right
    rows, columns = np.mgrid[:12, :12]
    first, second = ((rows >= t) & (rows < b) & (columns >= l) & (columns < r) for t, l, b, r in boxes)  # noqa: E741
    union = np.sum(first | second)
    iou = np.sum(first & second) / union if union else 1.0
    np.testing.assert_allclose(box_iou(boxes[0] / 12, boxes[1] / 12), iou, rtol=1e-6)
    height, width = np.maximum(*boxes)[2:] - np.minimum(*boxes)[:2]
    if first.any() and second.any():
        expected = iou - (height * width - union) / (height * width)
        np.testing.assert_allclose(generalized_box_iou(boxes[0] / 12, boxes[1] / 12), expected, rtol=1e-6, atol=1e-12)


def test_all_pairs_by_broadcasting():
    boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0], NONE])
    np.testing.assert_allclose(box_iou(boxes[:, None], boxes[None]), [[1, 0.25, 0], [0.25, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("function", [box_iou, generalized_box_iou])
@pytest.mark.parametrize(
    "box",
    [
        pytest.param([0.5, 0.0, 0.2, 1.0], id="bottom above top"),
        pytest.param([0.0, 0.5, 1.0, 0.2], id="right before left"),
        pytest.param([0.0, 0.0, 40.0, 60.0], id="pixels"),
        pytest.param([-0.1, 0.0, 0.5, 0.5], id="outside"),
        pytest.param([0.0, 0.0, 0.5, np.nan], id="nan"),
    ],
)
def test_what_is_no_box_is_refused(function, box):
    boxes, others = np.array([NONE, box]), np.array([NONE, NONE])
    for pair in ((boxes, others), (others, boxes)):
        with pytest.raises(ValueError, match=r"Boxes must be \(top, left, bottom, right\).*Received: 1 others.*clip"):
            function(*pair)


def test_compiled_function_gives_nan_for_what_is_no_box():
    boxes = tf.constant([NONE, [0.5, 0.0, 0.2, 1.0]])
    compiled = tf.function(lambda *pair: (box_iou(*pair), generalized_box_iou(*pair)))
    np.testing.assert_array_equal(compiled(boxes, tf.zeros((2, 4))), [[1, np.nan]] * 2)


def test_rounding_at_the_edge_is_no_error():
    assert float(box_iou([0.0, -1e-7, 1.0, 1.0 + 1e-7], [0.0, 0.0, 1.0, 1.0])) > 0.999


@pytest.mark.parametrize("shape", [(3,), (2, 5), ()])
def test_four_ends_are_needed(shape):
    with pytest.raises(ValueError, match="Boxes must have four ends in the last axis.*Received: shape="):
        box_iou(np.zeros(shape), np.zeros((2, 4)))
