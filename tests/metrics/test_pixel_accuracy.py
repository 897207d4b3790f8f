import numpy as np
import pytest

from kmm.metrics import PixelAccuracy


@pytest.mark.parametrize(
    "labels, predictions, expected",
    [
        pytest.param([0, 1, 2, 2], [0, 1, 2, 2], 1.0, id="perfect"),
        pytest.param([0, 1, 2, 2], [1, 1, 2, 0], 0.5, id="two of four"),
        pytest.param([0, 1, 255, 255], [1, 1, 2, 0], 0.5, id="ignored pixels"),
        pytest.param([0, 0, 0, 0], [1, 2, 1, 2], 0.0, id="everything wrong"),
        pytest.param([0, 1, 2, 7], [0, 1, 2, 0], 0.75, id="a label that is no class is wrong"),
        pytest.param([255, 255, 255, 255], [0, 1, 2, 0], np.nan, id="all ignored"),
    ],
)
def test_hand_made_cases(labels, predictions, expected):
    metric = PixelAccuracy(num_classes=3)
    metric.update_state(np.array(labels)[None, None], np.eye(3)[predictions][None, None])
    np.testing.assert_allclose(metric.result(), expected)


@pytest.mark.parametrize(
    "labels, logits, expected",
    [
        pytest.param([0, 1, 1, 255], [-1.0, 2.0, -3.0, 4.0], 2 / 3, id="two of three"),
        pytest.param([0, 0], [-1.0, -1.0], 1.0, id="empty answer to an empty target"),
        pytest.param([0, 0], [1.0, 1.0], 0.0, id="full answer to an empty target"),
        pytest.param([0, 1], [0.0, 0.0], 0.5, id="a probability of 0.5 is background"),
        pytest.param([7, 7, 1], [-1.0, 1.0, 1.0], 2 / 3, id="other labels are background"),
    ],
)
def test_binary_cases(labels, logits, expected):
    metric = PixelAccuracy()
    metric.update_state(np.array(labels)[None, None], np.array(logits)[None, None, :, None])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)


@pytest.mark.parametrize("num_classes", [1, 2, 5])
def test_equals_the_plain_formula(num_classes):
    rng = np.random.default_rng(num_classes)
    labels = rng.choice([*range(max(num_classes, 2)), 255], (3, 4, 5))
    logits = rng.normal(size=(3, 4, 5, num_classes))
    predictions = logits[..., 0] > 0 if num_classes == 1 else np.argmax(logits, axis=-1)
    metric = PixelAccuracy(num_classes)
    metric.update_state(labels, logits)
    np.testing.assert_allclose(metric.result(), np.mean((labels == predictions)[labels != 255]), rtol=1e-6)


def test_no_class_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 1. Received: num_classes=0. Use 1 for binary"):
        PixelAccuracy(num_classes=0)
