import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import ConfusionMatrix


def updated(labels, predictions, num_classes=3, **arguments):
    metric = ConfusionMatrix(num_classes, **arguments)
    metric.update_state(np.array(labels)[None, None], np.eye(num_classes)[np.array(predictions)][None, None])
    return metric


@pytest.mark.parametrize(
    "labels, predictions, expected",
    [
        pytest.param([0, 1, 2, 2], [0, 1, 2, 2], [[1, 0, 0], [0, 1, 0], [0, 0, 2]], id="perfect"),
        pytest.param([0, 0, 1, 1], [2, 2, 1, 0], [[0, 0, 2], [1, 1, 0], [0, 0, 0]], id="rows are labels"),
        pytest.param([0, 0, 255, 1], [0, 0, 2, 1], [[2, 0, 0], [0, 1, 0], [0, 0, 0]], id="ignored pixel"),
        pytest.param([255, 255], [0, 1], np.zeros((3, 3)), id="all ignored"),
    ],
)
def test_hand_made_cases(labels, predictions, expected):
    np.testing.assert_array_equal(updated(labels, predictions).result(), expected)


def test_equals_numpy_under_any_batching():
    rng = np.random.default_rng(0)
    labels, logits = rng.choice([0, 1, 2, 3, 255], (6, 4, 5)), rng.normal(size=(6, 4, 5, 4)).astype("float32")
    weights = np.array([1.0, 0.5, 0.0, 2.0, 1.0, 1.0])
    expected = np.zeros((4, 4))
    pixels = zip(labels.reshape(6, -1), logits.argmax(axis=-1).reshape(6, -1), weights, strict=True)
    for sample_labels, sample_predictions, weight in pixels:
        counted = sample_labels != 255
        np.add.at(expected, (sample_labels[counted], sample_predictions[counted]), weight)
    whole, split, pairs = (ConfusionMatrix(4) for _ in range(3))
    whole.update_state(labels, logits, weights)
    pairs.update_state(labels.reshape(2, 3, 4, 5), logits.reshape(2, 3, 4, 5, 4), weights.reshape(2, 3))
    for sample in range(6):
        split.update_state(labels[sample : sample + 1], logits[sample : sample + 1], weights[sample : sample + 1])
    for metric in (whole, split, pairs):
        np.testing.assert_array_equal(metric.result(), expected)


def test_counts_further_than_float32():
    metric = updated([0, 0], [0, 0])
    metric.confusion_matrix.assign(metric.confusion_matrix + 2.0**24 - 1)
    assert np.array(metric.result())[0, 0] == 2**24 + 1


def test_config_names_every_argument():
    config = {"num_classes": 4, "ignore_value": -1, "resize_logits": True, "name": "other", "dtype": "float32"}
    metric = ConfusionMatrix(**config)
    assert metric.get_config() == config
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert isinstance(revived, ConfusionMatrix) and revived.get_config() == config
    assert ConfusionMatrix(4).get_config()["dtype"] == "float64"


def test_evaluate_gives_the_matrix():
    model = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Activation("linear")])
    model.compile(loss=lambda y_true, y_pred: keras.ops.mean(y_pred, axis=(1, 2, 3)), metrics=[ConfusionMatrix(3)])
    labels = np.array([[[0, 0], [1, 255]]])
    results = model.evaluate(np.eye(3)[[[[0, 1], [1, 1]]]], labels, return_dict=True, verbose=0)
    np.testing.assert_array_equal(results["confusion_matrix"], [[1, 1, 0], [0, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("label", [3, 254, -1])
def test_label_without_a_class_is_refused(label):
    metric = updated([0, 1, label], [0, 1, 2])
    with pytest.raises(ValueError, match="class ids below 3 or 255. Received: 1 pixels with another label"):
        metric.result()


def test_label_without_a_class_is_nan_where_nothing_can_be_raised():
    assert np.isnan(tf.function(updated([0, 1, 7], [0, 1, 2]).result)()).all()


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 2. Received: num_classes=1. Use OverallIoU"):
        ConfusionMatrix(num_classes=1)
