import numpy as np
import pytest

from kmm.metrics import PrecisionAtIoU


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[1, 1, 0]], [[1, 1, 0]], 1.0, id="perfect"),
        pytest.param([[1, 1, 0]], [[1, 0, 0]], 1.0, id="exactly at the threshold"),
        pytest.param([[1, 1, 1]], [[1, 0, 0]], 0.0, id="below the threshold"),
        pytest.param([[1, 255, 255]], [[1, 1, 1]], 1.0, id="ignored pixels"),
        pytest.param([[0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]], 0.5, id="empty targets"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    metric = PrecisionAtIoU()
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)


@pytest.mark.parametrize("tenths", range(1, 11))
def test_threshold_is_met_exactly(tenths):
    """Division must not push an IoU of 7 / 10 below 0.7."""
    metric = PrecisionAtIoU(tenths / 10)
    logits = np.where(np.arange(10) < tenths, 9.0, -9.0)
    metric.update_state(np.ones((1, 1, 10)), logits[None, None, :, None])
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize("iou_threshold, name", [(0.5, "precision_at_0.5"), (0.75, "precision_at_0.75")])
def test_name_tells_the_threshold(iou_threshold, name):
    assert PrecisionAtIoU(iou_threshold).name == name
    assert PrecisionAtIoU(iou_threshold, name="other").name == "other"


@pytest.mark.parametrize("iou_threshold", [0.0, 1.1, 50, float("nan")])
def test_iou_threshold_must_be_a_share(iou_threshold):
    with pytest.raises(ValueError, match="iou_threshold must be above 0 and at most 1. Received: iou_threshold="):
        PrecisionAtIoU(iou_threshold)
