import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.losses import BinaryCrossEntropyDice


def expected_loss(labels, logits, weights, dice_weight, positive_weight):
    """One sample, from probabilities, in float64. The Dice loss of an empty target is the one of its background."""
    counted = labels != 255
    if not counted.any() or not weights[counted].any():
        return 0.0
    target, weights = (labels[counted] == 1).astype("float64"), weights[counted].astype("float64")
    probabilities = 1 / (1 + np.exp(-logits[counted].astype("float64")))
    likelihoods = positive_weight * target * np.log(probabilities) + (1 - target) * np.log(1 - probabilities)
    cross_entropy = -np.sum(weights * likelihoods) / np.sum(weights)
    if np.sum(weights * target) == 0:
        target, probabilities = 1 - target, 1 - probabilities
    dice = 2 * np.sum(weights * target * probabilities) / np.sum(weights * (target + probabilities))
    return np.mean(weights) * (cross_entropy + dice_weight * (1 - dice))


@pytest.mark.parametrize(
    "labels, logits, expected",
    [
        pytest.param([1, 0], [50, -50], 0.0, id="perfect"),
        pytest.param([0, 0], [-50, -50], 0.0, id="empty answer to an empty target"),
        pytest.param([0, 0], [50, 50], 51.0, id="full answer to an empty target"),
        pytest.param([1, 1], [-50, -50], 51.0, id="empty answer to a full target"),
        pytest.param([1, 0], [-50, 50], 51.0, id="everything wrong"),
        pytest.param([1, 255], [50, 50], 0.0, id="wrong only where ignored"),
        pytest.param([255, 255], [50, -50], 0.0, id="all ignored"),
        pytest.param([1, 0], [50, 50], 25 + 1 / 3, id="half of the answer wrong"),
        pytest.param([0, 0], [50, -50], 25 + 1 / 3, id="half of the background marked"),
        pytest.param([7, 0], [-50, -50], 0.0, id="other labels are background"),
        pytest.param([1, 0], [1e4, -1e4], 0.0, id="no overflow"),
    ],
)
def test_hand_made_cases(labels, logits, expected):
    loss = BinaryCrossEntropyDice()([[labels]], np.array([[logits]], "float32")[..., None])
    np.testing.assert_allclose(loss, expected, rtol=1e-6, atol=1e-6)


@hypothesis.settings(deadline=None, max_examples=40)
@hypothesis.given(
    labels=hypothesis.extra.numpy.arrays("uint8", (3, 2), elements=st.sampled_from([0, 1, 255])),
    weights=hypothesis.extra.numpy.arrays("float32", (3, 2), elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])),
    dice_weight=st.sampled_from([0.0, 1.0, 2.5]),
    positive_weight=st.sampled_from([1.0, 4.0]),
    seed=st.integers(0, 1000),
)
def test_equals_the_plain_formula(labels, weights, dice_weight, positive_weight, seed):
    logits = 4 * np.random.default_rng(seed).normal(size=labels.shape).astype("float32")
    loss = BinaryCrossEntropyDice(dice_weight=dice_weight, positive_weight=positive_weight)
    expected = expected_loss(labels, logits, weights, dice_weight, positive_weight)
    np.testing.assert_allclose(loss(labels, logits[..., None], weights), expected, rtol=1e-4, atol=1e-5)


def test_cross_entropy_alone_equals_keras():
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 2, (2, 3, 5)), rng.normal(size=(2, 3, 5, 1)).astype("float32")
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(labels[..., None], logits)
    np.testing.assert_allclose(BinaryCrossEntropyDice(dice_weight=0.0)(labels, logits), expected, rtol=1e-6)


@pytest.mark.parametrize("logit", [-8.0, 0.0, 8.0])
def test_dice_of_an_empty_target_has_a_gradient(logit):
    """At every size of the map a step down from any prediction clears it; the gradient is near p (1 - p) / pixels."""
    num_pixels = 16 * 16
    labels, logits = np.zeros((16, 16)), tf.fill((16, 16, 1), logit)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        loss = BinaryCrossEntropyDice(dice_weight=1.0)(labels, logits)
        cross_entropy = BinaryCrossEntropyDice(dice_weight=0.0)(labels, logits)
    gradients = (tape.gradient(loss, logits) - tape.gradient(cross_entropy, logits)).numpy() * num_pixels
    probability = 1 / (1 + np.exp(-logit))
    slope = probability * (1 - probability)
    assert np.all(gradients > 0.4 * slope) and np.all(gradients < 2.1 * slope)


def test_nearly_empty_answer_to_an_empty_target_costs_little():
    loss = BinaryCrossEntropyDice()(np.zeros((1, 16, 16)), np.full((1, 16, 16, 1), np.log(1e-3), "float32"))
    assert 0 < float(loss) < 0.002


def test_small_error_keeps_its_precision():
    loss = BinaryCrossEntropyDice()(np.ones((1, 1, 1)), np.full((1, 1, 1, 1), 16.0, "float32"))
    np.testing.assert_allclose(loss, 1.5 * np.exp(-16.0), rtol=1e-5)


def test_config_names_every_argument():
    config = {
        "dice_weight": 0.5,
        "ignore_value": -1,
        "positive_weight": 3.0,
        "reduction": "sum",
        "name": "other",
        "dtype": "float64",
    }
    loss = BinaryCrossEntropyDice(**config)
    assert loss.get_config() == config
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert isinstance(revived, BinaryCrossEntropyDice) and revived.get_config() == config


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"dice_weight": -1.0}, "dice_weight must be finite and not negative. Received: dice_weight=-1.0"),
        ({"dice_weight": float("nan")}, "Received: dice_weight=nan"),
        ({"positive_weight": 0.0}, "positive_weight must be finite and above 0. Received: positive_weight=0.0"),
        ({"positive_weight": float("inf")}, "Received: positive_weight=inf"),
        ({"ignore_value": 1}, "ignore_value must be neither 0 nor 1. Received: ignore_value=1"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        BinaryCrossEntropyDice(**arguments)


def test_several_channels_are_refused():
    with pytest.raises(ValueError, match="Binary logits must have one channel.*Use SegmentationCrossEntropy"):
        BinaryCrossEntropyDice()(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 3)))
