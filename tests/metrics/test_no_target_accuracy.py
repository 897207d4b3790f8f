import numpy as np
import pytest

from kmm.metrics import NoTargetAccuracy


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[0, 0]], [[0, 0]], 1.0, id="empty answer"),
        pytest.param([[0, 0]], [[0, 1]], 0.0, id="one wrong pixel"),
        pytest.param([[0, 255]], [[0, 1]], 1.0, id="wrong only where ignored"),
        pytest.param([[0, 0], [1, 1]], [[0, 0], [0, 0]], 1.0, id="samples with a target are left out"),
        pytest.param([[0, 0], [0, 0], [0, 0]], [[1, 1], [0, 0], [0, 0]], 2 / 3, id="two of three"),
        pytest.param([[1, 0]], [[0, 0]], np.nan, id="no empty target"),
        pytest.param([[255, 255]], [[0, 0]], np.nan, id="all ignored is not empty"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    metric = NoTargetAccuracy()
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
