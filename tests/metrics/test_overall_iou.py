import numpy as np
import pytest

from kmm.metrics import OverallIoU


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[1, 1, 0]], [[1, 1, 0]], 1.0, id="perfect"),
        pytest.param([[1, 1, 0]], [[0, 0, 1]], 0.0, id="everything wrong"),
        pytest.param([[1, 1, 0]], [[1, 0, 1]], 1 / 3, id="one of three"),
        pytest.param([[1, 255, 0]], [[1, 1, 0]], 1.0, id="ignored pixel"),
        pytest.param([[1, 1, 1], [1, 0, 0]], [[1, 1, 1], [0, 0, 1]], 3 / 5, id="large targets dominate"),
        pytest.param([[1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]], 1.0, id="empty answer adds nothing"),
        pytest.param([[1, 0, 0], [0, 0, 0]], [[1, 0, 0], [1, 1, 1]], 1 / 4, id="full answer to an empty target"),
        pytest.param([[0, 0, 0]], [[0, 0, 0]], np.nan, id="empty unions"),
        pytest.param([[7, 1, 0]], [[0, 1, 0]], 1.0, id="other labels are background"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    metric = OverallIoU()
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
