import numpy as np
import pytest

from kmm.metrics import BoxAccuracy

NONE, BOX = [0.0] * 4, [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    "box, prediction, expected",
    [
        pytest.param(BOX, BOX, 1.0, id="perfect"),
        pytest.param(BOX, [0.0, 0.0, 0.5, 0.25], 1.0, id="exactly at the threshold"),
        pytest.param(BOX, [0.0, 0.0, 0.5, 0.24], 0.0, id="below the threshold"),
        pytest.param(NONE, NONE, 1.0, id="no box where there is none"),
        pytest.param(NONE, BOX, 0.0, id="a box where there is none"),
        pytest.param(BOX, NONE, 0.0, id="no box where there is one"),
    ],
)
def test_hand_made_cases(box, prediction, expected):
    metric = BoxAccuracy()
    metric.update_state(np.array([box]), np.array([prediction]))
    assert float(metric.result()) == expected


def test_rounded_shares_meet_the_threshold():
    """Boxes of whole pixels of 202 in float32: an IoU of 1/2 must not be pushed below."""
    pixels = np.arange(1, 102, dtype="float32") / 202
    zeros, ones = np.zeros_like(pixels), np.ones_like(pixels)
    metric = BoxAccuracy()
    metric.update_state(np.stack([zeros, zeros, ones, 2 * pixels], -1), np.stack([zeros, zeros, ones, pixels], -1))
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize("iou_threshold, name", [(0.5, "box_accuracy_at_0.5"), (0.75, "box_accuracy_at_0.75")])
def test_name_tells_the_threshold(iou_threshold, name):
    assert BoxAccuracy(iou_threshold).name == name
    assert BoxAccuracy(iou_threshold, name="other").name == "other"


@pytest.mark.parametrize("iou_threshold", [0.0, 1.1, 50, float("nan")])
def test_iou_threshold_must_be_a_share(iou_threshold):
    with pytest.raises(ValueError, match="iou_threshold must be above 0 and at most 1. Received: iou_threshold="):
        BoxAccuracy(iou_threshold)
