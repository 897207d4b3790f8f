import numpy as np
import pytest

from kmm.metrics import BoundaryF1


def score(targets, predictions, **arguments):
    metric = BoundaryF1(**{"tolerance": 0.0, **arguments})
    logits = np.where(np.array(predictions) == 1, 9.0, -9.0)
    metric.update_state(np.array(targets)[:, None, :], logits[:, None, :, None])
    return metric.result()


@pytest.mark.parametrize(
    "targets, predictions, expected",
    [
        pytest.param([[0, 1, 1, 0]], [[0, 1, 1, 0]], 1.0, id="perfect"),
        pytest.param([[0, 0, 1, 1]], [[1, 1, 0, 0]], 1.0, id="the outline alone counts"),
        pytest.param([[0, 1, 1, 1]], [[0, 0, 0, 1]], 0.0, id="elsewhere"),
        pytest.param([[0, 1, 1, 0]], [[0, 1, 1, 1]], 2 / 3, id="one of two found, one of one right"),
        pytest.param([[0, 0, 0, 0]], [[0, 0, 0, 0]], 1.0, id="empty answer to an empty target"),
        pytest.param([[0, 0, 0, 0]], [[1, 1, 1, 1]], 0.0, id="full answer to an empty target"),
        pytest.param([[1, 1, 1, 1]], [[1, 1, 1, 1]], 1.0, id="full answer to a full target"),
        pytest.param([[0, 0, 0, 0]], [[0, 1, 0, 0]], 0.0, id="outline without a target"),
        pytest.param([[0, 1, 0, 0]], [[0, 0, 0, 0]], 0.0, id="target without an outline"),
        pytest.param([[0, 1, 1, 255]], [[0, 1, 1, 0]], 1.0, id="ignored pixel"),
        pytest.param([[1, 255, 0, 0]], [[1, 1, 0, 0]], 1.0, id="outline only where ignored, masks agree"),
        pytest.param([[1, 255, 0, 0]], [[0, 0, 1, 1]], 0.0, id="outline only where ignored, masks differ"),
        pytest.param([[0, 1, 1, 1], [0, 1, 1, 1]], [[0, 1, 1, 1], [0, 0, 0, 1]], 0.5, id="mean over samples"),
        pytest.param([[0, 1, 1, 1], [255] * 4], [[0, 1, 1, 1], [0, 0, 0, 1]], 1.0, id="all ignored counts nowhere"),
        pytest.param([[255] * 4], [[0, 1, 1, 1]], np.nan, id="nothing to score"),
    ],
)
def test_hand_made_cases(targets, predictions, expected):
    np.testing.assert_allclose(score(targets, predictions), expected, rtol=1e-6)


def test_tolerance_is_a_share_of_the_diagonal():
    """2 columns of 39, with a diagonal of 39.01 pixels."""
    target, shifted = np.arange(39) >= 20, np.arange(39) >= 22
    assert float(score([target], [shifted], tolerance=1 / 39.1)) == 0.0
    assert float(score([target], [shifted], tolerance=1 / 39)) == 1.0


def test_threshold_and_targets_only():
    metric = BoundaryF1(tolerance=0.0, threshold=0.9, targets_only=True)
    logits = np.array([[[-1.0, 1.0, 3.0]], [[9.0, -9.0, 9.0]]])[..., None]
    metric.update_state(np.array([[[0, 0, 1]], [[0, 0, 0]]]), logits)
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize("tolerance", [-0.1, 1.0, 3, float("nan")])
def test_tolerance_must_be_a_share(tolerance):
    with pytest.raises(ValueError, match="tolerance must be a share of the diagonal.*Received: tolerance="):
        BoundaryF1(tolerance=tolerance)
