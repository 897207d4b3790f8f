import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import keras
import numpy as np
import pytest

from kmm.losses import SegmentationCrossEntropy


def expected_losses(labels, logits, weights, class_weights):
    """Pixel by pixel in float64."""
    losses = []
    for sample in range(len(labels)):
        total, divisor = 0.0, 0.0
        for position in np.ndindex(labels.shape[1:]):
            label = labels[sample][position]
            if label != 255:
                exponentials = np.exp(logits[sample][position].astype("float64"))
                weight = weights[sample][position]
                total -= weight * class_weights[label] * np.log(exponentials[label] / exponentials.sum())
                divisor += 1
        losses.append(total / max(divisor, 1))
    return losses


@pytest.mark.parametrize(
    "label, logits, expected",
    [
        pytest.param(0, [0, 0, 0], np.log(3), id="undecided"),
        pytest.param(1, [-50, 50, -50], 0.0, id="perfect"),
        pytest.param(1, [1000, 0, 0], 1000.0, id="very wrong"),
        pytest.param(255, [1000, 0, 0], 0.0, id="ignored"),
    ],
)
def test_hand_made_cases(label, logits, expected):
    loss = SegmentationCrossEntropy()([[[label]]], np.array([[[logits]]], "float32"))
    np.testing.assert_allclose(loss, expected, rtol=1e-6, atol=1e-6)


@hypothesis.settings(deadline=None, max_examples=25)
@hypothesis.given(
    labels=hypothesis.extra.numpy.arrays("uint8", (2, 3, 2), elements=st.sampled_from([0, 1, 2, 3, 255])),
    seed=st.integers(0, 1000),
)
def test_equals_the_plain_formula(labels, seed):
    rng = np.random.default_rng(seed)
    logits = 4 * rng.normal(size=(2, 3, 2, 4)).astype("float32")
    weights = rng.random((2, 3, 2)).astype("float32")
    class_weights = [0.5, 1.0, 0.0, 2.0]
    loss = SegmentationCrossEntropy(class_weights=class_weights, reduction=None)
    expected = expected_losses(labels, logits, weights, class_weights)
    np.testing.assert_allclose(loss(labels, logits, weights), expected, rtol=1e-4, atol=1e-5)
    loss = SegmentationCrossEntropy(reduction=None)
    expected = expected_losses(labels, logits, np.ones(labels.shape), np.ones(4))
    np.testing.assert_allclose(loss(labels, logits), expected, rtol=1e-4, atol=1e-5)


def test_equals_keras_where_nothing_is_ignored():
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 4, (2, 3, 5)), rng.normal(size=(2, 3, 5, 4)).astype("float32")
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    np.testing.assert_allclose(SegmentationCrossEntropy()(labels, logits), expected, rtol=1e-6)


@pytest.mark.parametrize("label", [3, -1, 254])
def test_label_without_a_class_gives_nan(label):
    labels = np.array([[[0, label]], [[0, 1]]])
    losses = SegmentationCrossEntropy(reduction=None)(labels, np.zeros((2, 1, 2, 3), "float32"))
    np.testing.assert_allclose(losses, [np.nan, np.log(3)], rtol=1e-6)


def test_class_that_is_ignored():
    logits = np.random.default_rng(0).normal(size=(1, 1, 2, 3)).astype("float32")
    loss = SegmentationCrossEntropy(ignore_value=0)([[[0, 1]]], logits)
    np.testing.assert_allclose(loss, SegmentationCrossEntropy()([[[255, 1]]], logits), rtol=1e-6)


def test_config_names_every_argument():
    config = {
        "ignore_value": -1,
        "class_weights": [1.0, 0.0, 2.5],
        "reduction": "sum",
        "name": "other",
        "dtype": "float64",
    }
    loss = SegmentationCrossEntropy(**config)
    assert loss.get_config() == config
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert isinstance(revived, SegmentationCrossEntropy) and revived.get_config() == config


@pytest.mark.parametrize("class_weights", [[1.0, -0.5], [1.0, float("inf")], [float("nan"), 1.0]])
def test_bad_class_weights_are_refused(class_weights):
    with pytest.raises(ValueError, match="must be finite and not negative. Received: class_weights="):
        SegmentationCrossEntropy(class_weights=class_weights)


def test_number_of_class_weights_must_fit():
    loss = SegmentationCrossEntropy(class_weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="one class weight for each channel.*Give 3 weights"):
        loss(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 3)))
