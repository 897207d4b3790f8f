import json

import numpy as np
import pytest

from kmm.evaluation import SampleCollector, SampleScores, bootstrap_difference, compare_models, score_of


def make_run(skill, seed=0, count=60, noise=5.0):
    """A model that finds `skill` of 70 pixels, more or less; what makes a picture hard is the same for all."""
    hard = np.random.default_rng(99).uniform(-15, 15, count)
    right = np.clip(skill + hard + np.random.default_rng(seed).normal(0, noise, count), 0, 70)
    matrix = np.stack([np.stack([0 * right + 100, 0 * right + 5], -1), np.stack([70 - right, right], -1)], 1)
    texts = tuple(f"thing {number}" for number in range(count))
    return SampleScores(
        "referring", ("background", "target"), np.arange(count), texts, ("any",) * count, matrix,
        np.zeros((count, 2, 100)),
    )  # fmt: skip


def test_a_better_model():
    one, other = make_run(50, seed=1), make_run(45, seed=2)
    result = compare_models(other, one, names=("old", "new"))
    difference = score_of(other, "overall_iou") - score_of(one, "overall_iou")
    assert result["difference"] == pytest.approx(difference) and result["difference"] < 0
    expected = bootstrap_difference(other, one, "overall_iou")
    assert result["interval"] == pytest.approx([expected.low, expected.high])
    assert result["better"] == "new" and result["p_value"] == pytest.approx(1e-4, abs=1e-4)
    low, high = result["interval"]
    scores = [result["models"][name]["score"] for name in ("new", "old")]
    assert result["statement"] == (
        f"new is better than old: overall IoU {scores[0]:.3f} against {scores[1]:.3f}, difference {-difference:.3f} "
        f"[{-high:.3f}, {-low:.3f}], p = 0.0001."
    )
    assert (result["num_pictures"], result["num_samples"], result["num_seeds"]) == (60, 60, 1)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_no_difference():
    result = compare_models(make_run(50, seed=1), make_run(50.5, seed=2))
    assert result["better"] is None and result["p_value"] > 0.1
    assert result["statement"].startswith("No difference that these 60 pictures could show: overall IoU 0.")
    assert " (A) against 0." in result["statement"] and " (B), difference " in result["statement"]


def test_the_same_model_twice():
    result = compare_models(make_run(50), make_run(50))
    assert (result["difference"], result["interval"], result["p_value"]) == (0, [0, 0], 1)
    assert result["better"] is None


def test_few_pictures_cannot_show_much():
    result = compare_models(make_run(60, count=5, noise=0), make_run(40, count=5, noise=0))
    assert result["p_value"] == 2 / 32 and result["better"] is None, "2 of 32 exchanges, however large the difference"
    alone = compare_models(make_run(60, count=1), make_run(40, count=1))
    assert alone["interval"] is None and alone["p_value"] is None
    assert (
        alone["statement"].startswith("No difference that this 1 picture could show")
        and "p =" not in alone["statement"]
    )


def test_several_seeds():
    ours, theirs = ([make_run(skill, seed) for seed in range(3)] for skill in (55, 45))
    result = compare_models(ours, theirs)
    scores = [score_of(run, "overall_iou") for run in ours]
    assert result["models"]["A"]["scores"] == pytest.approx(scores) and result["num_seeds"] == 3
    assert result["difference"] == pytest.approx(np.mean(scores) - result["models"]["B"]["score"])
    assert result["better"] == "A" and " ± 0.0" in result["statement"] and "± over 3 seeds." in result["statement"]


def test_seeds_that_differ_as_much():
    ours = [make_run(skill, seed) for seed, skill in enumerate((60, 44))]
    theirs = [make_run(skill, seed) for seed, skill in enumerate((50, 48))]
    result = compare_models(ours, theirs)
    assert result["p_value"] < 0.05 and result["interval"][0] > 0, "the pictures show it"
    assert result["better"] is None and result["statement"].startswith("A scored higher, but seeds differ as much: ")


@pytest.mark.slow
def test_models_are_asked_about_the_same_samples(make_model, shapes):
    model, options = make_model(1), {"num_prompts": 1, "limit": 3, "verbose": 0}
    collected = SampleCollector(model, shapes, "val", **options).collect()
    result = compare_models(model, collected, shapes, "val", by="pixel_accuracy", **options)
    assert result["difference"] == 0 and result["by"] == "pixel_accuracy" and result["num_samples"] == 3


def test_errors():
    one = make_run(50)
    with pytest.raises(ValueError, match="on a split of a source. Received: source=None, split=None. Give both"):
        compare_models(object(), one)
    with pytest.raises(ValueError, match="the same number of training runs.*Received: 2 and 1. Leave some out"):
        compare_models([one, one], one)
    with pytest.raises(ValueError, match="same samples in the same order. Received: 60 samples .* and 59 samples"):
        compare_models(one, make_run(50, count=59))
    with pytest.raises(ValueError, match="At least one training run"):
        compare_models([], [])
    with pytest.raises(ValueError, match="two different names. Received: names="):
        compare_models(one, one, names=("A", "A"))
    for options in ({"level": 0.0}, {"num_permutations": 0}, {"num_resamples": 0}):
        with pytest.raises(ValueError, match="a level between 0 and 1, and at least one permutation and one resampled"):
            compare_models(one, one, **options)
    with pytest.raises(
        ValueError, match="something to score. Received: no_target_accuracy of 60 samples, which is nan"
    ):
        compare_models(one, one, by="no_target_accuracy")
