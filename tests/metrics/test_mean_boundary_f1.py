import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import BoundaryF1, MeanBoundaryF1


def updated(labels, predictions, num_classes=3, **arguments):
    metric = MeanBoundaryF1(num_classes, tolerance=0.0, **arguments)
    metric.update_state(np.array(labels)[:, None], np.eye(num_classes)[np.array(predictions)][:, None])
    return metric


@pytest.mark.parametrize(
    "labels, predictions, expected, per_class",
    [
        pytest.param([[0, 1, 2]], [[0, 1, 2]], 1.0, [1, 1, 1], id="perfect"),
        pytest.param([[0, 0, 1]], [[0, 0, 1]], 1.0, [1, 1, np.nan], id="absent class"),
        pytest.param([[0, 0, 0]], [[0, 0, 0]], 1.0, [1, np.nan, np.nan], id="one class fills both"),
        pytest.param([[0, 0, 0]], [[1, 1, 1]], 0.0, [0, 0, np.nan], id="one class instead of another"),
        pytest.param([[0, 1, 1, 1]], [[0, 1, 1, 2]], 5 / 9, [1, 2 / 3, 0], id="class only predicted"),
        pytest.param([[0, 1, 255]], [[0, 1, 2]], 1.0, [1, 1, np.nan], id="ignored pixel"),
        pytest.param([[255, 255, 255]], [[0, 1, 2]], np.nan, [np.nan] * 3, id="all ignored"),
        pytest.param(
            [[0, 0, 1], [0, 2, 2]],
            [[0, 0, 1], [0, 0, 0]],
            0.5,
            [0.5, 1, 0],
            id="mean over the samples in which a class occurs",
        ),
    ],
)
def test_hand_made_cases(labels, predictions, expected, per_class):
    metric = updated(labels, predictions)
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
    np.testing.assert_allclose(metric.per_class(), np.array(per_class, "float32"), rtol=1e-6)


def test_each_class_is_scored_as_a_binary_mask():
    rng = np.random.default_rng(0)
    labels, predictions = np.repeat(rng.integers(0, 3, (2, 4, 6, 4)), 3, axis=2)
    labels[:, :2, :2] = 255
    metric = MeanBoundaryF1(3, tolerance=0.08)
    metric.update_state(labels, np.eye(3)[predictions])
    for class_id in range(3):
        binary = BoundaryF1(tolerance=0.08)
        targets = np.where(labels == 255, 255, labels == class_id)
        binary.update_state(targets, np.where(predictions == class_id, 9.0, -9.0)[..., None])
        np.testing.assert_allclose(metric.per_class()[class_id], binary.result(), rtol=1e-6)
    np.testing.assert_allclose(metric.result(), metric.per_class().mean(), rtol=1e-6)


def test_label_without_a_class_is_refused():
    metric = updated([[0, 1, 3, -1]], [[0, 1, 2, 2]])
    for answer in (metric.result, metric.per_class):
        with pytest.raises(ValueError, match="class ids below 3 or 255. Received: 2 pixels with another label"):
            answer()
    assert np.isnan(tf.function(metric.result)())


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 2. Received: num_classes=1. Use BoundaryF1"):
        MeanBoundaryF1(num_classes=1)


def test_tolerance_must_be_a_share():
    with pytest.raises(ValueError, match="tolerance must be a share of the diagonal.*Received: tolerance=3"):
        MeanBoundaryF1(2, tolerance=3)
