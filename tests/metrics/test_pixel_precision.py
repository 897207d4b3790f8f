import numpy as np
import pytest

from kmm.metrics import PixelPrecision


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[1, 1, 0]], [[1, 1, 0]], 1.0, id="perfect"),
        pytest.param([[1, 1, 0]], [[1, 0, 0]], 1.0, id="a missed part costs nothing"),
        pytest.param([[1, 0, 0]], [[1, 1, 1]], 1 / 3, id="too much"),
        pytest.param([[1, 255, 0]], [[1, 1, 0]], 1.0, id="ignored pixel"),
        pytest.param([[1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0]], 1 / 2, id="an answer to an empty target costs"),
        pytest.param([[1, 1, 0], [1, 0, 0]], [[1, 1, 0], [0, 0, 1]], 2 / 3, id="pixels are summed over samples"),
        pytest.param([[1, 1, 0]], [[0, 0, 0]], np.nan, id="nothing predicted"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    metric = PixelPrecision()
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
