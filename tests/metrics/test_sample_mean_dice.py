import numpy as np
import pytest

from kmm.metrics import SampleMeanDice


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[1, 1, 0]], [[1, 1, 0]], 1.0, id="perfect"),
        pytest.param([[1, 1, 0]], [[0, 0, 0]], 0.0, id="empty answer to a target"),
        pytest.param([[1, 1, 0]], [[1, 0, 0]], 2 / 3, id="half is missing"),
        pytest.param([[1, 255, 0]], [[1, 1, 0]], 1.0, id="ignored pixel"),
        pytest.param([[1, 1, 1], [1, 0, 0]], [[1, 1, 1], [0, 0, 1]], 0.5, id="samples count the same"),
        pytest.param([[0, 0, 0]], [[0, 0, 0]], 1.0, id="empty answer to an empty target"),
        pytest.param([[0, 0, 0]], [[1, 1, 1]], 0.0, id="full answer to an empty target"),
        pytest.param([[255, 255, 255], [1, 0, 0]], [[0, 0, 0], [1, 1, 0]], 2 / 3, id="all-ignored sample is left out"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    metric = SampleMeanDice()
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
