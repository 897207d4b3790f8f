import numpy as np
import pytest

from kmm.metrics import BoxMeanIoU, box_iou, generalized_box_iou

NONE, QUARTER, HALF = [0.0] * 4, [0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    "boxes, predictions, expected, generalized",
    [
        pytest.param([QUARTER], [QUARTER], 1.0, 1.0, id="perfect"),
        pytest.param([QUARTER, HALF], [HALF, HALF], 0.75, 0.75, id="half and all"),
        pytest.param([NONE], [NONE], 1.0, 1.0, id="no box where there is none"),
        pytest.param([NONE], [HALF], 0.0, -1.0, id="a box where there is none"),
        pytest.param([QUARTER], [NONE], 0.0, -1.0, id="no box where there is one"),
        pytest.param([QUARTER], [[0.5, 0.5, 1.0, 1.0]], 0.0, -0.5, id="apart"),
    ],
)
def test_hand_made_cases(boxes, predictions, expected, generalized):
    for metric, score in ((BoxMeanIoU(), expected), (BoxMeanIoU(generalized=True), generalized)):
        metric.update_state(np.array(boxes), np.array(predictions))
        np.testing.assert_allclose(metric.result(), score, rtol=1e-6)


@pytest.mark.parametrize("generalized, function", [(False, box_iou), (True, generalized_box_iou)])
def test_is_the_mean_of_the_function(generalized, function):
    ends = np.sort(np.random.default_rng(0).uniform(size=(2, 7, 2, 2)), axis=2)
    boxes, predictions = ends.reshape(2, 7, 4)
    metric = BoxMeanIoU(generalized=generalized)
    metric.update_state(boxes, predictions)
    np.testing.assert_allclose(metric.result(), np.mean(function(boxes, predictions)), rtol=1e-6)
