"""Drawing pictures with replacement: what every interval of a score rests on."""

import statistics

import numpy as np


def picture_sums(scores, terms):
    """Terms of samples summed over the samples of each picture, which are not independent.

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        terms: float64 `(num_samples, k)`.

    Returns:
        float64 `(num_pictures, k)`, in the order of the pictures' numbers.

    Example:

    >>> import types
    >>> scores = types.SimpleNamespace(pictures=np.array([3, 3, 8]))
    >>> picture_sums(scores, np.array([[1.0], [2.0], [5.0]])).tolist()
    [[3.0], [5.0]]
    """
    pictures, places = np.unique(scores.pictures, return_inverse=True)
    summed = np.zeros((len(pictures), terms.shape[1]))
    np.add.at(summed, places, terms)
    return summed


def picture_weights(count, num_resamples, seed):
    """How often each of `count` pictures is drawn in each resampled set, float64 `(num_resamples, count)`.

    >>> picture_weights(4, 3, seed=0).sum(axis=1).tolist()
    [4.0, 4.0, 4.0]
    """
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=num_resamples).astype(float)


def accelerated_interval(value, drawn, left_out, level):
    """The bias-corrected and accelerated interval.

    Reference: Efron, "Better Bootstrap Confidence Intervals", 1987.

    Args:
        value: the score of the set.
        drawn: scores of resampled sets, `(num_resamples,)`; nan is left out.
        left_out: scores of the set without each of its pictures, `(num_pictures,)`.
        level: the share of cases in which the interval shall hold the truth, between 0 and 1.

    Returns:
        `(low, high)`, floats; nan where nothing was drawn.

    Example:

    >>> drawn = np.random.default_rng(0).normal(0.5, 0.1, 10000)
    >>> low, high = accelerated_interval(0.5, drawn, np.full(9, 0.5), level=0.95)
    >>> round(low, 1), round(high, 1)
    (0.3, 0.7)
    """
    drawn, left_out = drawn[~np.isnan(drawn)], left_out[~np.isnan(left_out)]
    if not len(drawn) or not len(left_out):
        return float("nan"), float("nan")
    normal = statistics.NormalDist()
    below = ((drawn < value).sum() + 0.5 * (drawn == value).sum()) / len(drawn)
    bias = normal.inv_cdf(float(np.clip(below, 1 / (2 * len(drawn)), 1 - 1 / (2 * len(drawn)))))
    deviations = left_out.mean() - left_out
    spread = (deviations**2).sum() ** 1.5
    acceleration = (deviations**3).sum() / (6 * spread) if spread > 0 else 0.0
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + normal.inv_cdf(tail)
        ends.append(normal.cdf(bias + shifted / (1 - acceleration * shifted)))
    low, high = np.quantile(drawn, ends)
    return float(low), float(high)
