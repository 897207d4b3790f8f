import numpy as np

from kmm.metrics.rank_bins import rank_bins


def test_equals_the_plain_formula_and_keeps_the_order():
    logits = np.sort(np.random.default_rng(0).normal(0, 20, 500)).astype("float32")
    bins = np.asarray(rank_bins(logits, 100))
    np.testing.assert_array_equal(bins, np.floor((0.5 + 0.5 * logits / (1 + np.abs(logits))) * 100))
    assert (np.diff(bins) >= 0).all()


def test_no_number_comes_first_and_infinity_last():
    assert np.asarray(rank_bins(np.array([np.nan, -np.inf, np.inf]), 10)).tolist() == [0, 0, 9]
