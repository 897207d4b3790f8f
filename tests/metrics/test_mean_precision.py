import numpy as np
import pytest

from kmm.metrics import MeanPrecision


@pytest.mark.parametrize(
    "labels, predictions, expected, per_class",
    [
        pytest.param([0, 1, 2], [0, 1, 2], 1.0, [1, 1, 1], id="perfect"),
        pytest.param([0, 0, 1], [0, 0, 1], 1.0, [1, 1, np.nan], id="absent class"),
        pytest.param([0, 0, 0, 1], [0, 0, 1, 1], 3 / 4, [1, 1 / 2, np.nan], id="partly right"),
        pytest.param([0, 0, 1, 1], [0, 0, 1, 2], 2 / 3, [1, 1, 0], id="class only predicted"),
        pytest.param([0, 0, 1, 2], [0, 0, 1, 1], 1 / 2, [1, 1 / 2, 0], id="class never predicted"),
        pytest.param([0, 255, 1], [0, 2, 1], 1.0, [1, 1, np.nan], id="ignored pixel"),
        pytest.param([255, 255], [0, 2], np.nan, [np.nan] * 3, id="all ignored"),
    ],
)
def test_hand_made_cases(labels, predictions, expected, per_class):
    metric = MeanPrecision(num_classes=3)
    metric.update_state(np.array(labels)[None, None], np.eye(3)[predictions][None, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
    np.testing.assert_allclose(metric.per_class(), np.array(per_class, "float32"), rtol=1e-6)
