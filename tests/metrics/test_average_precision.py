import numpy as np
import pytest
import tensorflow as tf

from kmm.metrics import AveragePrecision


def score(labels, probabilities, weights=None, **arguments):
    metric = AveragePrecision(**arguments)
    probabilities = np.array(probabilities, "float64")
    logits = np.log(probabilities) - np.log1p(-probabilities)
    metric.update_state(np.array(labels), logits[..., None].astype("float32"), weights)
    return float(metric.result())


def plain_average_precision(labels, values, weights):
    """The definition, one threshold after the other."""
    area, last_recall = 0.0, 0.0
    for threshold in np.unique(values)[::-1]:
        above = values >= threshold
        found = np.sum(weights[above & labels])
        recall = found / np.sum(weights[labels])
        area += (recall - last_recall) * found / np.sum(weights[above]) if found else 0.0
        last_recall = recall
    return area


@pytest.mark.parametrize(
    "labels, probabilities, expected",
    [
        pytest.param([[1, 1, 0]], [[0.9, 0.8, 0.1]], 1.0, id="perfect"),
        pytest.param([[1, 0, 0]], [[0.1, 0.8, 0.9]], 1 / 3, id="the target comes last"),
        pytest.param([[1, 0, 1, 0]], [[0.9, 0.8, 0.7, 0.6]], 5 / 6, id="one in between"),
        pytest.param([[1, 0, 0, 0]], [[0.5, 0.5, 0.5, 0.5]], 1 / 4, id="equal probabilities: the share of the target"),
        pytest.param([[1, 255, 0]], [[0.8, 0.9, 0.1]], 1.0, id="ignored pixel"),
        pytest.param([[1, 7, 0]], [[0.8, 0.9, 0.1]], 1 / 2, id="other labels are background"),
        pytest.param([[1, 1, 0], [0, 0, 0]], [[0.8, 0.7, 0.1], [0.1, 0.9, 0.1]], 7 / 12, id="full answer, no target"),
        pytest.param([[1, 1, 0], [0, 0, 0]], [[0.8, 0.7, 0.1], [0.1] * 3], 1.0, id="empty answer to an empty target"),
        pytest.param([[0, 0, 0]], [[0.1, 0.1, 0.1]], np.nan, id="no target at all"),
        pytest.param([[255, 255, 255]], [[0.1, 0.1, 0.9]], np.nan, id="all ignored"),
    ],
)
def test_hand_made_cases(labels, probabilities, expected):
    labels, probabilities = np.array(labels)[:, None], np.array(probabilities)[:, None]
    np.testing.assert_allclose(score(labels, probabilities), expected, rtol=1e-6)


@pytest.mark.parametrize("num_bins", [2, 10, 1000])
def test_equals_the_plain_formula_of_binned_logits(num_bins):
    rng = np.random.default_rng(num_bins)
    labels = rng.choice([0, 0, 1, 255], (4, 5, 6))
    probabilities = rng.uniform(0.001, 0.999, labels.shape)
    weights = np.array([1.0, 0.5, 2.0, 0.0])
    counted = labels != 255
    logits = (np.log(probabilities) - np.log1p(-probabilities)).astype("float32")
    bins = np.floor((0.5 + 0.5 * logits / (1 + np.abs(logits))) * num_bins)[counted]
    pixel_weights = np.broadcast_to(weights[:, None, None], labels.shape)[counted]
    expected = plain_average_precision(labels[counted] == 1, bins, pixel_weights)
    np.testing.assert_allclose(score(labels, probabilities, weights, num_bins=num_bins), expected, rtol=1e-6)


def test_extreme_logits_fall_into_the_outer_bins():
    metric = AveragePrecision(num_bins=10)
    metric.update_state(np.array([[[1, 0, 0, 1]]]), np.array([[[np.inf, -np.inf, np.nan, 90.0]]])[..., None])
    assert np.sum(metric.histograms) == 4
    np.testing.assert_array_equal(np.array(metric.histograms)[:, [0, -1]], [[2, 0], [0, 2]])
    assert float(metric.result()) == 1.0


def test_models_that_are_sure_are_ranked_as_well_as_others():
    """The same ranking of 1 % of targets, told by larger and larger logits."""
    rng = np.random.default_rng(0)
    labels = (rng.random((1, 100, 200)) < 0.01).astype(int)
    logits = rng.normal(-9, 3, labels.shape) + 6 * labels
    exact = plain_average_precision(labels == 1, logits, np.ones(labels.shape))
    for factor in (1.0, 3.0, 10.0):
        metric = AveragePrecision()
        metric.update_state(labels, (factor * logits)[..., None])
        assert abs(float(metric.result()) - exact) < 0.02 * exact, factor


def test_logits_are_resized_to_the_labels():
    rng = np.random.default_rng(0)
    labels, small = rng.integers(0, 2, (2, 6, 8)), rng.normal(size=(2, 3, 4, 1))
    metric, resizing = AveragePrecision(), AveragePrecision(resize_logits=True)
    metric.update_state(labels, tf.image.resize(small, (6, 8)))
    resizing.update_state(labels, small)
    assert float(resizing.result()) == float(metric.result())


def test_one_bin_is_refused():
    with pytest.raises(ValueError, match="num_bins must be at least 2. Received: num_bins=1. Use 1000"):
        AveragePrecision(num_bins=1)


@pytest.mark.parametrize("ignore_value", [0, 1])
def test_ignore_value_must_not_be_a_label(ignore_value):
    with pytest.raises(ValueError, match=f"neither 0 nor 1. Received: ignore_value={ignore_value}"):
        AveragePrecision(ignore_value=ignore_value)
