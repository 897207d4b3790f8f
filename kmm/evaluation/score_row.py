"""One row of a table of scores: a score with its interval."""

import numpy as np

from kmm.evaluation.resampling import accelerated_interval, picture_sums, picture_weights


def score_row(group, name, score_name, scores, terms, combine, level=0.95, num_resamples=1000, seed=0):
    """A score that follows from sums over samples, and the interval in which it would lie for other such pictures.

    Pictures are drawn with replacement, each with all its samples, as in `kmm.evaluation.bootstrap_interval`.

    Args:
        group, name: what was scored.
        score_name: by what.
        scores: the samples, a `kmm.evaluation.SampleScores`.
        terms: float64 `(num_samples, k)`, what is summed over the samples.
        combine: a function from sums `(..., k)` to scores `(...)`, nan where there is nothing to score.
        level: the share of cases in which the interval shall hold the truth.
        num_resamples: drawn sets.
        seed: keys the draws.

    Returns:
        A dict that is plain JSON: `group`, `name`, `score_name`, `score`, `interval` (`[low, high]`) and `num_samples`;
        `None` for what is not known, such as the interval of a single picture.

    Example:

    >>> import types
    >>> terms = np.stack([np.arange(40.0), np.ones(40)], axis=-1)
    >>> row = score_row(
    ...     "all", "every sample", "mean", types.SimpleNamespace(pictures=np.arange(40)), terms,
    ...     lambda sums: sums[..., 0] / sums[..., 1],
    ... )
    >>> row["score"], [round(end) for end in row["interval"]], row["num_samples"]
    (19.5, [16, 23], 40)
    """
    draws = draw_scores(scores, terms, combine, num_resamples, seed)
    return row_of_draws(group, name, score_name, len(scores.pictures), draws, level)


def draw_scores(scores, terms, combine, num_resamples=1000, seed=0):
    """The score of the set, `()`, of drawn sets, `(num_resamples,)`, and without each picture, `(num_pictures,)`.

    The arguments are those of `score_row`. Draws of one seed and the same pictures can be averaged.
    """
    if not len(scores.pictures):
        return np.array(np.nan), np.full(num_resamples, np.nan), np.full(1, np.nan)
    sums = picture_sums(scores, terms)
    total = sums.sum(axis=0)
    return combine(total), combine(picture_weights(len(sums), num_resamples, seed) @ sums), combine(total - sums)


def row_of_draws(group, name, score_name, num_samples, draws, level=0.95):
    """The row of a score, from what `draw_scores` gives."""
    score, drawn, left_out = draws
    row = {"group": group, "name": name, "score_name": score_name, "score": None, "interval": None}
    if not np.isnan(score):
        ends = accelerated_interval(float(score), drawn, left_out, level) if len(left_out) > 1 else (np.nan,)
        row["score"] = round(float(score), 6)
        row["interval"] = None if np.isnan(ends).any() else [round(end, 6) for end in ends]
    return {**row, "num_samples": num_samples}
