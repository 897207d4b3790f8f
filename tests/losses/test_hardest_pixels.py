import numpy as np
import pytest

from kmm.losses.hardest_pixels import hardest_pixels


@pytest.mark.parametrize("share, count", [(0.01, 1), (0.1, 1), (0.11, 2), (0.5, 5), (1.0, 10)])
def test_the_share_of_the_counted_pixels_rounded_up(share, count):
    losses = np.random.default_rng(0).random((2, 3, 4)).astype("float32")
    weights = np.ones((2, 3, 4), "float32")
    weights[0, 0, :2] = 0  # 10 of 12 count in the first sample
    hard = hardest_pixels(losses, weights, share).numpy()
    assert hard[0].sum() == count and not hard[0, 0, :2].any()
    assert losses[0][hard[0]].min() >= losses[0][~hard[0] & (weights[0] > 0)].max(initial=0)
    assert hard[1].sum() == np.ceil(share * 12)


def test_all_of_many_pixels():
    losses = np.arange(2.0**20, dtype="float32").reshape(1, 1024, 1024)
    assert np.all(hardest_pixels(losses, np.ones_like(losses), 1.0))


def test_equally_hard_pixels_all_count_and_nan_is_hard():
    hard = hardest_pixels(np.array([[1.0, 1.0, 1.0, 0.0]]), np.ones((1, 4)), 0.25).numpy()
    assert hard.tolist() == [[True, True, True, False]]
    assert bool(hardest_pixels(np.array([[np.nan, 1.0]]), np.ones((1, 2)), 0.5)[0, 0])
    assert not np.any(hardest_pixels(np.ones((1, 4)), np.zeros((1, 4)), 0.5))
