import numpy as np
import pytest

from kmm.metrics import TargetAccuracy


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[1, 1]], [[1, 1]], 1.0, id="right answer"),
        pytest.param([[1, 0]], [[0, 1]], 1.0, id="one wrong pixel is an answer"),
        pytest.param([[1, 0]], [[0, 0]], 0.0, id="empty answer"),
        pytest.param([[1, 255]], [[0, 1]], 0.0, id="answer only where ignored"),
        pytest.param([[1, 0], [0, 0]], [[1, 0], [1, 1]], 1.0, id="samples without a target are left out"),
        pytest.param([[1, 0], [1, 0], [1, 0]], [[1, 0], [0, 0], [0, 1]], 2 / 3, id="two of three"),
        pytest.param([[0, 0]], [[1, 0]], np.nan, id="no target"),
        pytest.param([[255, 255]], [[1, 1]], np.nan, id="all ignored"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    metric = TargetAccuracy()
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
