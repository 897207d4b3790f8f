import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import MeanIoU

CLASS_IDS = st.sampled_from([0, 1, 2, 3])


def updated(labels, predictions, num_classes=3, **arguments):
    metric = MeanIoU(num_classes, **arguments)
    metric.update_state(np.array(labels)[None, None], np.eye(num_classes)[np.array(predictions)][None, None])
    return metric


@pytest.mark.parametrize(
    "labels, predictions, expected, per_class",
    [
        pytest.param([0, 1, 2], [0, 1, 2], 1.0, [1, 1, 1], id="perfect"),
        pytest.param([0, 1, 2], [1, 2, 0], 0.0, [0, 0, 0], id="everything wrong"),
        pytest.param([0, 0, 1], [0, 0, 1], 1.0, [1, 1, np.nan], id="absent class"),
        pytest.param([0, 0, 1], [0, 0, 2], 1 / 3, [1, 0, 0], id="class only predicted"),
        pytest.param([0, 0, 1, 1], [0, 1, 1, 1], 7 / 12, [1 / 2, 2 / 3, np.nan], id="partly right"),
        pytest.param([0, 255, 1], [0, 2, 1], 1.0, [1, 1, np.nan], id="ignored pixel"),
        pytest.param([255, 255], [0, 2], np.nan, [np.nan] * 3, id="all ignored"),
    ],
)
def test_hand_made_cases(labels, predictions, expected, per_class):
    metric = updated(labels, predictions)
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)
    np.testing.assert_allclose(metric.per_class(), np.array(per_class, "float32"), rtol=1e-6)


@hypothesis.settings(deadline=None, max_examples=20)
@hypothesis.given(
    labels=hypothesis.extra.numpy.arrays("uint8", (2, 3, 2), elements=st.one_of(CLASS_IDS, st.just(255))),
    predictions=hypothesis.extra.numpy.arrays("uint8", (2, 3, 2), elements=CLASS_IDS),
)
def test_equals_the_plain_formula(labels, predictions):
    metric = MeanIoU(num_classes=4)
    metric.update_state(labels, np.eye(4)[predictions])
    counted = labels != 255
    ious = []
    for class_id in range(4):
        target, predicted = labels[counted] == class_id, predictions[counted] == class_id
        union = np.sum(target | predicted)
        ious.append(np.sum(target & predicted) / union if union else np.nan)
    np.testing.assert_allclose(metric.per_class(), np.array(ious, "float32"), rtol=1e-6)
    expected = np.nan if np.all(np.isnan(ious)) else np.nanmean(ious)
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-6)


def test_rows_of_the_confusion_matrix_are_labels():
    np.testing.assert_array_equal(
        updated([0, 0, 1, 255], [2, 2, 1, 0]).confusion_matrix, [[0, 0, 2], [0, 1, 0], [0] * 3]
    )


def test_equal_logits_give_the_first_class():
    metric = MeanIoU(num_classes=3)
    metric.update_state(np.zeros((1, 4, 4)), np.zeros((1, 4, 4, 3)))
    assert float(metric.result()) == 1.0


def test_class_that_is_ignored():
    np.testing.assert_allclose(updated([0, 1, 2], [1, 1, 2], ignore_value=0).per_class(), [np.nan, 1, 1])


@pytest.mark.parametrize("label", [3, 254, -1])
def test_label_without_a_class_is_refused(label):
    metric = updated([0, 1, label], [0, 1, 2])
    for answer in (metric.result, metric.per_class):
        with pytest.raises(ValueError, match="class ids below 3 or 255. Received: 1 pixels with another label"):
            answer()
    assert np.isnan(tf.function(metric.result)())
    metric.reset_state()
    metric.update_state(np.zeros((1, 1, 1)), np.zeros((1, 1, 1, 3)))
    assert float(metric.result()) == 1.0


def test_fit_refuses_labels_without_a_class():
    model = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Conv2D(3, 1)])
    model.compile("sgd", lambda y_true, y_pred: keras.ops.mean(y_pred, axis=(1, 2, 3)), metrics=[MeanIoU(3)])
    with pytest.raises(ValueError, match="Received: 4 pixels with another label, num_classes=3"):
        model.fit(np.zeros((1, 2, 2, 3)), np.full((1, 2, 2), 3), verbose=0)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 2. Received: num_classes=1. Use OverallIoU"):
        MeanIoU(num_classes=1)
