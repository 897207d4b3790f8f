import keras
import numpy as np
import pytest

from kmm.layers import LinearDecision

random = np.random.default_rng(0)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def softmax(logits, axis=-1):
    return np.exp(logits) / np.exp(logits).sum(axis=axis, keepdims=True)


def answers(shape):
    return {name: random.normal(size=shape).astype("float32") * 3 for name in ("zebra", "ant", "cow")}


def built(logits, per_class=False):
    decision = LinearDecision(per_class=per_class)
    decision(logits)
    decision.preferences.assign(random.normal(size=decision.preferences.shape))
    return decision


@pytest.mark.parametrize("shape", [(2, 3, 4, 1), (5, 1)], ids=["masks", "labels"])
def test_two_classes_equal_numpy(shape):
    logits = answers(shape)
    decision = built(logits)
    shares = decision.shares()
    assert sorted(shares) == sorted(logits) and np.isclose(sum(shares.values()), 1)
    expected = sum(shares[name] * sigmoid(one) for name, one in logits.items())
    np.testing.assert_allclose(sigmoid(np.asarray(decision(logits))), expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (5, 4)], ids=["masks", "labels"])
def test_more_classes_equal_numpy(shape):
    logits = answers(shape)
    decision = built(logits)
    expected = sum(decision.shares()[name] * softmax(one) for name, one in logits.items())
    np.testing.assert_allclose(softmax(np.asarray(decision(logits))), expected, rtol=1e-4)


def test_weights_for_each_class_equal_numpy():
    logits = answers((2, 3, 4, 5))
    decision = built(logits, per_class=True)
    shares = decision.shares()
    np.testing.assert_allclose(sum(shares.values()), np.ones(5), rtol=1e-6)
    expected = sum(shares[name] * softmax(one) for name, one in logits.items())
    expected = expected / expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(softmax(np.asarray(decision(logits))), expected, rtol=1e-4)


def test_weights_belong_to_names_whatever_the_order():
    logits = answers((2, 4))
    decision = built(logits)
    np.testing.assert_array_equal(decision(dict(reversed(logits.items()))), decision(logits))


@pytest.mark.parametrize("classes", [1, 3])
def test_extreme_logits_stay_finite(classes):
    logits = {"sure": np.full((1, classes), 200.0, "float32"), "sure too": np.full((1, classes), 300.0, "float32")}
    logits["sure"][:, 0] = -200.0
    assert np.isfinite(LinearDecision()(logits)).all()


@pytest.mark.slow
def test_learns_whom_to_believe():
    truth = random.integers(0, 3, 64)
    right = 4 * keras.utils.to_categorical(truth, 3)
    wrong = 4 * keras.utils.to_categorical((truth + 1) % 3, 3)
    symbols = {name: keras.Input((3,), name=name) for name in ("right", "wrong")}
    decision = LinearDecision()
    model = keras.Model(symbols, decision(symbols))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.3), loss, run_eagerly=True)
    model.fit({"right": right, "wrong": wrong}, truth, batch_size=64, epochs=15, verbose=0)
    shares = decision.shares()
    assert shares["right"] > 0.9 and np.isclose(shares["right"] + shares["wrong"], 1)
