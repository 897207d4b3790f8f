"""How far training runs of different seeds lie apart."""

import statistics

import numpy as np

from kmm.evaluation.resampling import accelerated_interval, picture_sums, picture_weights
from kmm.evaluation.statistics import main_score, statistic


def seed_spread(runs, by=None, level=0.95, num_resamples=1000, seed=0):
    """The score of several training runs, with its two kinds of doubt side by side.

    Other pictures could have been in the set: that is the interval, of the mean over the runs. Other seeds could have
    been drawn: that is the standard deviation over the runs. Neither contains the other.

    Args:
        runs: a sequence of `kmm.evaluation.SampleScores` on the same samples, one for each training run.
        by: a score, see `kmm.evaluation.score_of`; `None` for the main score of the task.
        level: the share of cases in which the interval shall hold the truth, between 0 and 1.
        num_resamples: drawn sets of pictures.
        seed: keys the draws.

    Returns:
        A dict that is plain JSON: `score`, the mean over the runs; `interval`, `None` for a single picture; `scores` of
        the runs; `deviation`, their standard deviation, `None` for one run; `by`.

    Raises:
        ValueError: if there is no run, or the runs are of different samples.

    Example:

    >>> from kmm.evaluation import SampleScores
    >>> matrix = np.array([[[90.0, 2.0], [2.0, 6.0]], [[50.0, 40.0], [0.0, 10.0]]])
    >>> rest = ("background", "target"), np.arange(2), ("a cat", "a dog"), ("attribute",) * 2
    >>> runs = [SampleScores("referring", *rest, part, np.zeros((2, 2, 100))) for part in (matrix, matrix + 10)]
    >>> spread = seed_spread(runs)
    >>> round(spread["score"], 3), round(spread["deviation"], 3)
    (0.283, 0.024)
    """
    check_same_samples(runs)
    by = by or main_score(runs[0].task)
    sums, combine = run_sums(runs, by)
    scores = [float(combine(of_run.sum(axis=0))) for of_run in sums]
    interval = None
    if sums.shape[1] > 1 and not np.isnan(scores).any():
        weights = picture_weights(sums.shape[1], num_resamples, seed)
        drawn = np.mean([combine(weights @ of_run) for of_run in sums], axis=0)
        left_out = np.mean([combine(of_run.sum(axis=0) - of_run) for of_run in sums], axis=0)
        interval = list(accelerated_interval(float(np.mean(scores)), drawn, left_out, level))
    return {
        "by": by,
        "score": float(np.mean(scores)),
        "interval": interval,
        "scores": scores,
        "deviation": statistics.stdev(scores) if len(scores) > 1 else None,
    }


def run_sums(runs, name):
    """The terms of a score for each run and picture, `(num_runs, num_pictures, k)`, and what makes a score of sums."""
    pairs = [statistic(run, name) for run in runs]
    return np.stack([picture_sums(run, terms) for run, (terms, _) in zip(runs, pairs, strict=True)]), pairs[0][1]


def check_same_samples(runs):
    """Refuse what cannot be compared sample by sample."""
    if not runs:
        raise ValueError("At least one training run must be given. Received: runs=[]. Give a SampleScores for each.")
    first = runs[0]
    for other in runs[1:]:
        same = np.array_equal(first.pictures, other.pictures) and first.prompts == other.prompts
        if not same or (first.task, first.class_names) != (other.task, other.class_names):
            described = [
                f"{len(run)} samples of {len(np.unique(run.pictures))} pictures ({run.task})" for run in (first, other)
            ]
            raise ValueError(
                "Scores are compared on the same samples in the same order. Received: "
                f"{described[0]} and {described[1]}{', with other prompts' if described[0] == described[1] else ''}. "
                "Collect all with the same source, split, limit and number of prompts."
            )
