import numpy as np
import pytest

from kmm.metrics import BoxAccuracy, BoxMeanIoU
from kmm.metrics.box_metric import BoxMetric


@pytest.mark.parametrize("cls", [BoxAccuracy, BoxMeanIoU])
@pytest.mark.parametrize("shape", [(2, 4), (3, 1, 4), (4,)])
def test_each_box_needs_its_partner(cls, shape):
    with pytest.raises(ValueError, match=r"as many boxes. Received: y_true.shape=\(3, 4\), y_pred.shape=.*zeros"):
        cls().update_state(np.zeros((3, 4)), np.zeros(shape))


@pytest.mark.parametrize("cls", [BoxAccuracy, BoxMeanIoU])
def test_four_ends_are_needed(cls):
    with pytest.raises(ValueError, match=r"Boxes must have four ends in the last axis.*Received: shape=\(3, 5\)"):
        cls().update_state(np.zeros((3, 5)), np.zeros((3, 5)))


@pytest.mark.parametrize("cls", [BoxAccuracy, BoxMeanIoU])
def test_predicted_boxes_are_checked_too(cls):
    metric = cls()
    metric.update_state(np.zeros((2, 4)), np.array([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 0.2, 0.2]]))
    with pytest.raises(ValueError, match="put the ends in order, and clip"):
        metric.result()


def test_subclass_must_implement_pair_scores():
    with pytest.raises(NotImplementedError, match="BoxMetric must implement pair_scores"):
        BoxMetric().update_state(np.zeros((1, 4)), np.zeros((1, 4)))
