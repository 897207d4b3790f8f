"""The scores of groups of samples."""

import numpy as np

from kmm.evaluation.groups import SIZE_LIMITS, groups_of
from kmm.evaluation.score_row import score_row
from kmm.evaluation.statistics import main_score, statistic


def score_groups(scores, by, held_out=(), size_limits=SIZE_LIMITS, **options):
    """The main score of every group of samples, from scores that were collected before.

    - "kind": by the kind of phrase, as the source names it.
    - "length": by the number of words, in steps of `kmm.evaluation.groups.LENGTHS`.
    - "size": referring only, by the target's share of the counted pixels.
    - "held_out": referring only, samples with a target whose phrase holds a phrase of `held_out`, against those whose
      phrase holds another combination of the same words (for single words: all others).

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        by: "kind", "length", "size" or "held_out".
        held_out: phrases, such as "red triangle", for "held_out".
        size_limits: two shares of the picture, from which a target is medium and large.
        **options: `level`, `num_resamples` and `seed` of the intervals.

    Returns:
        A list of rows as of `kmm.evaluation.generalization`, without groups that no sample belongs to.

    Raises:
        ValueError: if there is no such way to divide the samples or it does not suit the task, the limits are no rising
            shares, or nothing is held out.
    """
    groups = groups_of(scores, by, held_out, size_limits)
    return [main_row(by, name, scores.select(chosen), **options) for name, chosen in groups]


def main_row(group, name, scores, **options):
    """A row of the main score, or of `no_target_accuracy` where no sample has a target."""
    score_name = main_score(scores.task)
    if scores.task == "referring" and len(scores) and not np.any(scores.target_areas > 0):
        score_name = "no_target_accuracy"
    return score_row(group, name, score_name, scores, *statistic(scores, score_name), **options)


def class_row(group, name, scores, classes, **options):
    """The mean IoU over some of the classes.

    All samples count, since an answer of these classes is also wrong where none of them is; `num_samples` is the number
    of those in which one is labelled.
    """
    places = [scores.class_names.index(class_name) for class_name in classes]
    labelled = int((scores.confusion[:, places].sum(axis=(1, 2)) > 0).sum())
    terms, parts = zip(*(statistic(scores, f"class_iou/{class_name}") for class_name in classes), strict=True)

    def combine(sums):
        pairs = np.split(sums, len(parts), axis=-1)
        ious = np.stack([part(pair) for part, pair in zip(parts, pairs, strict=True)], axis=-1)
        known = ~np.isnan(ious)
        return np.nansum(ious, axis=-1) / np.where(known.any(axis=-1), known.sum(axis=-1), np.nan)

    row = score_row(group, name, "mean_iou", scores, np.concatenate(terms, axis=1), combine, **options)
    return {**row, "num_samples": labelled, "classes": classes}
