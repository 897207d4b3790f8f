import types

import numpy as np
import pytest

from kmm.evaluation import bootstrap_interval
from kmm.evaluation.score_row import draw_scores, row_of_draws, score_row
from kmm.evaluation.statistics import statistic

SAMPLES = types.SimpleNamespace(pictures=np.array([0, 0, 1, 2, 2, 2]))
TERMS = np.array([[1.0, 2], [3, 2], [0, 2], [1, 2], [1, 2], [1, 2]])


def ratio(sums):
    with np.errstate(invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def test_a_score_that_is_known_has_the_same_interval(scores_of):
    scores = scores_of("abcdef", areas=[1, 5, 20, 30, 50, 80])
    scores.confusion[:, 1, 0] = [3, 1, 4, 1, 5, 9]
    options = {"level": 0.8, "num_resamples": 200, "seed": 3}
    row = score_row("all", "every", "overall_iou", scores, *statistic(scores, "overall_iou"), **options)
    assert row["score"] == pytest.approx(186 / 209, abs=1e-6) and row["num_samples"] == 6
    np.testing.assert_allclose(row["interval"], bootstrap_interval(scores, "overall_iou", **options), atol=1e-6)


def test_what_is_not_known():
    nothing = types.SimpleNamespace(pictures=np.zeros(0, int))
    row = score_row("size", "small", "mean", nothing, np.zeros((0, 2)), ratio)
    assert row == {
        "group": "size", "name": "small", "score_name": "mean", "score": None, "interval": None, "num_samples": 0
    }  # fmt: skip
    one = types.SimpleNamespace(pictures=np.zeros(2, int))
    row = score_row("size", "small", "mean", one, TERMS[:2], ratio)
    assert (row["score"], row["interval"]) == (1.0, None), "one picture tells nothing of others"
    assert score_row("size", "small", "mean", SAMPLES, 0 * TERMS, ratio)["score"] is None


def test_draws_of_one_seed_are_of_the_same_pictures():
    one, two = (draw_scores(SAMPLES, TERMS * factor, ratio, 50, seed=1) for factor in ([1, 1], [2, 1]))
    np.testing.assert_allclose(2 * one[1], two[1])
    row = row_of_draws(
        "corruptions", "mean", "mean", 6, [np.mean(parts, axis=0) for parts in zip(one, two, strict=True)]
    )
    assert row["score"] == pytest.approx(1.5 * 7 / 12, abs=1e-6) and row["interval"][0] < row["interval"][1]
