import numpy as np
import pytest

from kmm.evaluation import SampleScores, bootstrap_difference, bootstrap_interval


def simulate(num_pictures, quality, seed, num_prompts=3):
    """Samples of 100 pixels; the prompts of a picture share how hard it is."""
    random = np.random.default_rng(seed)
    hard = np.repeat(np.clip(random.normal(quality, 0.15, num_pictures), 0.05, 0.95), num_prompts)
    right = random.binomial(20, hard)
    confusion = np.zeros((len(right), 2, 2))
    confusion[:, 0, 0], confusion[:, 1, 1], confusion[:, 1, 0] = 80, right, 20 - right
    count = len(right)
    pictures = np.repeat(np.arange(num_pictures), num_prompts)
    return SampleScores(
        "referring", ("background", "target"), pictures, ("words",) * count, ("kind",) * count, confusion,
        np.zeros((count, 2, 100)),
    )  # fmt: skip


def test_the_interval_has_the_width_of_the_standard_error():
    scores = simulate(200, 0.6, seed=0)
    low, high = bootstrap_interval(scores, "sample_mean_iou")
    of_pictures = scores.ious.reshape(200, 3).mean(axis=1)
    error = of_pictures.std(ddof=1) / np.sqrt(200)
    assert (low, high) == pytest.approx(
        (scores.ious.mean() - 1.96 * error, scores.ious.mean() + 1.96 * error), abs=error / 4
    )


def test_phrases_of_one_picture_are_not_counted_as_independent():
    scores = simulate(50, 0.6, seed=0)
    alone = SampleScores(**{**vars(scores), "pictures": np.arange(len(scores))})
    low, high = bootstrap_interval(scores, "overall_iou")
    alone_low, alone_high = bootstrap_interval(alone, "overall_iou")
    assert high - low > 1.2 * (alone_high - alone_low)


def test_the_same_seed_gives_the_same_interval():
    scores = simulate(20, 0.6, seed=0)
    assert bootstrap_interval(scores, "overall_iou") == bootstrap_interval(scores, "overall_iou")
    assert bootstrap_interval(scores, "overall_iou") != bootstrap_interval(scores, "overall_iou", seed=1)
    narrow = bootstrap_interval(scores, "overall_iou", level=0.5)
    wide = bootstrap_interval(scores, "overall_iou", level=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_what_makes_pictures_hard_cancels_in_a_difference():
    scores = simulate(60, 0.7, seed=0)
    better = scores.confusion + np.array([[0.0, 0.0], [-1.0, 1.0]])
    others = SampleScores(**{**vars(scores), "confusion": better})
    value, low, high, p_value = bootstrap_difference(others, scores, "overall_iou")
    assert value == pytest.approx(0.05) and (low, high) == pytest.approx((0.05, 0.05)) and p_value < 0.01
    same = bootstrap_difference(scores, scores, "overall_iou")
    assert same == (0.0, 0.0, 0.0, 1.0)


def test_no_interval_of_one_picture_or_of_nothing():
    scores = simulate(1, 0.6, seed=0)
    assert np.isnan(bootstrap_interval(scores, "overall_iou")).all()
    assert np.isnan(bootstrap_interval(simulate(5, 0.6, seed=0), "no_target_accuracy")).all()
    assert np.isnan(bootstrap_difference(scores, scores, "overall_iou")[1:]).all()


def test_bad_arguments():
    scores = simulate(3, 0.6, seed=0)
    for arguments in ({"level": 1.0}, {"num_resamples": 0}):
        with pytest.raises(ValueError, match="level between 0 and 1 and at least one resampled set"):
            bootstrap_interval(scores, "overall_iou", **arguments)
    with pytest.raises(ValueError, match="the same samples in the same order.*9 samples of 3 pictures, and 6 of 2"):
        bootstrap_difference(scores, simulate(2, 0.6, seed=0), "overall_iou")
