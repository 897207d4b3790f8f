import types

import numpy as np
import pytest

from kmm.evaluation.resampling import accelerated_interval, picture_sums, picture_weights


def test_terms_are_summed_over_the_samples_of_a_picture():
    scores = types.SimpleNamespace(pictures=np.array([5, 2, 5]))
    terms = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    np.testing.assert_array_equal(picture_sums(scores, terms), [[2, 20], [5, 50]])


def test_every_set_holds_as_many_pictures():
    weights = picture_weights(30, 2000, seed=1)
    assert weights.shape == (2000, 30) and (weights.sum(axis=1) == 30).all()
    assert (weights.mean(axis=0) == pytest.approx(1, abs=0.15)) and (weights == picture_weights(30, 2000, 1)).all()
    assert (weights != picture_weights(30, 2000, 2)).any()


def test_the_interval_is_moved_by_bias_and_skew():
    drawn = np.linspace(0, 1, 10001)
    assert accelerated_interval(0.5, drawn, np.full(9, 0.5), 0.9) == pytest.approx((0.05, 0.95), abs=1e-3)
    low, high = accelerated_interval(0.6, drawn, np.full(9, 0.5), 0.9)  # most sets lie below: it moves up
    assert low > 0.05 and high > 0.95
    skewed = accelerated_interval(0.5, drawn, np.array([0.5] * 8 + [0.1]), 0.9)  # one picture lifts the score
    assert skewed[0] > 0.05 and skewed[1] > 0.95


def test_nothing_known():
    nothing = np.full(4, np.nan)
    for drawn, left_out in ((nothing, np.ones(4)), (np.ones(4), nothing)):
        assert np.isnan(accelerated_interval(1.0, drawn, left_out, 0.95)).all()
    assert accelerated_interval(1.0, np.array([np.nan, 1.0]), np.array([1.0]), 0.95) == (1.0, 1.0)
