import dataclasses
import json

import numpy as np
import pytest

from kmm.evaluation import SampleScores, bootstrap_interval, score_of, seed_spread
from kmm.evaluation.seed_spread import check_same_samples


def make_run(seed, count=40):
    """A run whose answers differ from those of other seeds."""
    random = np.random.default_rng(seed)
    right = random.uniform(20, 70, count)
    matrix = np.stack([np.stack([0 * right + 100, 70 - right], -1), np.stack([0 * right + 5, right], -1)], 1)
    names, texts = ("background", "target"), tuple(f"thing {number}" for number in range(count))
    return SampleScores(
        "referring", names, np.arange(count) // 2, texts, ("any",) * count, matrix, np.zeros((count, 2, 100))
    )


def test_mean_and_deviation():
    runs = [make_run(seed) for seed in range(3)]
    scores = [score_of(run, "overall_iou") for run in runs]
    spread = seed_spread(runs)
    assert spread["scores"] == pytest.approx(scores) and spread["by"] == "overall_iou"
    assert spread["score"] == pytest.approx(np.mean(scores))
    assert spread["deviation"] == pytest.approx(np.std(scores, ddof=1))
    low, high = spread["interval"]
    assert low < spread["score"] < high
    narrower = [seed_spread(runs[:1])["interval"], spread["interval"]]
    assert np.diff(narrower[1]) < np.diff(narrower[0]), "the runs differ, and their mean does so less"
    assert json.loads(json.dumps(spread, allow_nan=False)) == spread


def test_one_run_has_the_interval_of_its_score():
    spread = seed_spread([make_run(0)], by="sample_mean_iou", level=0.9)
    assert spread["interval"] == list(bootstrap_interval(make_run(0), "sample_mean_iou", level=0.9))
    assert spread["deviation"] is None and spread["score"] == pytest.approx(score_of(make_run(0), "sample_mean_iou"))


def test_one_picture_has_no_interval():
    assert seed_spread([make_run(0, count=2)])["interval"] is None


def test_other_samples():
    one = make_run(0)
    for other, message in (
        (make_run(1, count=38), "Received: 40 samples of 20 pictures .referring. and 38 samples of 19 pictures"),
        (dataclasses.replace(one, prompts=("",) * 40), "20 pictures .referring., with other prompts. Collect all"),
        (dataclasses.replace(one, task="semantic"), r"\(referring\) and 40 samples of 20 pictures \(semantic\)"),
    ):
        with pytest.raises(ValueError, match=message):
            seed_spread([one, other])
    with pytest.raises(ValueError, match="At least one training run must be given. Received: runs="):
        check_same_samples([])
