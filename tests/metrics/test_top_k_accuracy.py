import keras
import numpy as np
import pytest

from kmm.metrics import TopKAccuracy


def score(k, labels, logits, **arguments):
    metric = TopKAccuracy(k, **arguments)
    metric.update_state(np.array(labels), np.array(logits))
    return float(metric.result())


@pytest.mark.parametrize(
    "k, labels, logits, expected",
    [
        pytest.param(1, [2, 0], [[0, 1, 2], [3, 1, 2]], 1.0, id="perfect"),
        pytest.param(1, [0, 1], [[0, 1, 2], [0, 1, 2]], 0.0, id="everything wrong"),
        pytest.param(2, [0, 1, 2], [[0, 1, 2]] * 3, 2 / 3, id="two of three"),
        pytest.param(3, [0, 1, 2], [[0, 1, 2]] * 3, 1.0, id="as many guesses as classes"),
        pytest.param(1, [2, 255], [[0, 1, 2], [3, 1, 2]], 1.0, id="ignored label"),
        pytest.param(1, [255], [[0, 1, 2]], np.nan, id="all ignored"),
        pytest.param(2, [0, 1, 2], [[5, 5, 5]] * 3, 2 / 3, id="of equal logits the first classes"),
        pytest.param(1, [0, 1, 2], [[np.nan] * 3] * 3, 0.0, id="nan is no answer"),
        pytest.param(1, [1], [[np.nan, 0, -1]], 0.0, id="nan may be larger"),
        pytest.param(1, [0, 1], [[-np.inf, 0, np.inf]] * 2, 0.0, id="infinite logits"),
    ],
)
def test_hand_made_cases(k, labels, logits, expected):
    np.testing.assert_allclose(score(k, labels, np.array(logits, "float64")), expected, rtol=1e-6)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_equals_the_plain_formula(k):
    rng = np.random.default_rng(k)
    labels, logits = rng.choice([0, 1, 2, 3, 4, 255], (3, 7)), rng.integers(0, 4, (3, 7, 5)).astype("float32")
    best = np.argsort(-logits, axis=-1, kind="stable")[..., :k]
    hits = (best == labels[..., None]).any(axis=-1)[labels != 255]
    np.testing.assert_allclose(score(k, labels, logits), hits.mean(), rtol=1e-6)


def test_equals_keras_where_nothing_is_tied_or_ignored():
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 9, 40), rng.normal(size=(40, 9)).astype("float32")
    theirs = keras.metrics.SparseTopKCategoricalAccuracy(k=3)
    theirs.update_state(labels, logits)
    np.testing.assert_allclose(score(3, labels, logits), theirs.result(), rtol=1e-6)


def test_other_ignore_value_and_name():
    assert score(1, [-1, 1], [[0.0, 1.0]] * 2, ignore_value=-1) == 1.0
    assert [TopKAccuracy(1).name, TopKAccuracy(name="other").name] == ["top_1_accuracy", "other"]


@pytest.mark.parametrize("label", [3, -1, 254])
def test_label_without_a_class_is_refused(label):
    with pytest.raises(ValueError, match="below the number of logits, or 255. Received: 1 others"):
        score(1, [0, label], np.zeros((2, 3)))


@pytest.mark.parametrize(
    "labels, logits", [((2, 3), (2, 3)), ((2,), (2, 3, 4)), ((2,), (2, 1)), ((), ()), ((2,), (1, 3))]
)
def test_wrong_shapes_are_refused(labels, logits):
    with pytest.raises(ValueError, match="Labels must be .*Received: y_true.shape=.*k=2. Give class ids"):
        TopKAccuracy(2).update_state(np.zeros(labels, "int32"), np.zeros(logits))


def test_no_guess_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1. Received: k=0. Use 1"):
        TopKAccuracy(0)


def test_ignore_value_must_be_an_int():
    with pytest.raises(TypeError, match="ignore_value must be an int. Received: ignore_value=255.0"):
        TopKAccuracy(ignore_value=255.0)
