"""How far a score may be off because other pictures could have been in the set."""

import numpy as np

from kmm.evaluation.difference import Difference
from kmm.evaluation.resampling import accelerated_interval, picture_sums, picture_weights
from kmm.evaluation.statistics import statistic


def bootstrap_interval(scores, name, level=0.95, num_resamples=1000, seed=0):
    """The interval in which a score would lie for other pictures like these.

    Pictures are drawn with replacement, each with all its samples, since the phrases about one picture are not
    independent. Bias-corrected and accelerated. It tells nothing of another training run: for that, train with other
    seeds. It is too narrow where pictures depend on each other too, such as frames of one film.

    Reference: Efron, "Better Bootstrap Confidence Intervals", 1987.

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        name: a score, see `kmm.evaluation.score_of`.
        level: the share of cases in which the interval shall hold the truth, between 0 and 1.
        num_resamples: drawn sets.
        seed: keys the draws.

    Returns:
        `(low, high)`, floats; nan where there is nothing to score, or one picture only.

    Raises:
        ValueError: if `level` or `num_resamples` is out of range, or there is no such score.

    Example:

    >>> from kmm.evaluation import SampleScores
    >>> right = np.arange(20.0, 70.0)
    >>> confusion = np.stack([np.stack([0 * right + 100, 70 - right], -1), np.stack([0 * right, right], -1)], 1)
    >>> scores = SampleScores(
    ...     "referring", ("background", "target"), np.arange(50), ("a cat",) * 50, ("attribute",) * 50, confusion,
    ...     np.zeros((50, 2, 100)),
    ... )
    >>> low, high = bootstrap_interval(scores, "overall_iou")
    >>> round(low, 2), round(high, 2)
    (0.58, 0.69)
    """
    _check(level, num_resamples)
    terms, combine = _terms_of_pictures(scores, name)
    value = float(combine(terms.sum(axis=0)))
    if len(terms) < 2 or np.isnan(value):
        return float("nan"), float("nan")
    drawn = combine(picture_weights(len(terms), num_resamples, seed) @ terms)
    left_out = combine(terms.sum(axis=0) - terms)
    return accelerated_interval(value, drawn, left_out, level)


def bootstrap_difference(scores, others, name, level=0.95, num_resamples=2000, seed=0):
    """The difference of a score between two answers to the same samples, with its interval.

    Pictures are drawn with replacement, the same for both, so that what makes a picture hard cancels out.

    Args:
        scores, others: `kmm.evaluation.SampleScores` of the same pictures.
        name: a score, see `kmm.evaluation.score_of`.
        level: the share of cases in which the interval shall hold the truth, between 0 and 1.
        num_resamples: drawn sets.
        seed: keys the draws.

    Returns:
        A `Difference` of `scores` minus `others`; nan where there is nothing to score, or one picture only.

    Raises:
        ValueError: if the pictures differ, `level` or `num_resamples` is out of range, or there is no such score.
    """
    _check(level, num_resamples)
    if not np.array_equal(scores.pictures, others.pictures):
        raise ValueError(
            "Scores are compared on the same samples in the same order. Received: "
            f"{len(scores)} samples of {len(set(scores.pictures.tolist()))} pictures, and {len(others)} of "
            f"{len(set(others.pictures.tolist()))}. Collect both with the same split, limit and number of prompts."
        )
    terms, combine = _terms_of_pictures(scores, name)
    other_terms, _ = _terms_of_pictures(others, name)
    value = float(combine(terms.sum(axis=0)) - combine(other_terms.sum(axis=0)))
    if len(terms) < 2 or np.isnan(value):
        return Difference(value, float("nan"), float("nan"), float("nan"))
    weights = picture_weights(len(terms), num_resamples, seed)
    drawn = combine(weights @ terms) - combine(weights @ other_terms)
    left_out = combine(terms.sum(axis=0) - terms) - combine(other_terms.sum(axis=0) - other_terms)
    known = drawn[~np.isnan(drawn)]
    p_value = min(1.0, 2 * (min((known <= 0).sum(), (known >= 0).sum()) + 1) / (len(known) + 1))
    return Difference(value, *accelerated_interval(value, drawn, left_out, level), float(p_value))


def _check(level, num_resamples):
    if not 0 < level < 1 or num_resamples < 1:
        raise ValueError(
            "An interval needs a level between 0 and 1 and at least one resampled set. Received: "
            f"level={level}, num_resamples={num_resamples}. Use 0.95 and 1000."
        )


def _terms_of_pictures(scores, name):
    """The terms summed over each picture's samples, `(num_pictures, k)`, and what makes a score of their sum."""
    terms, combine = statistic(scores, name)
    return picture_sums(scores, terms), combine
