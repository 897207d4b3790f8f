"""Scores as functions of sums over samples, so that a set can be resampled by weighing its samples."""

import functools
import re

import numpy as np

from kmm.evaluation.divide import divide

_AT = re.compile(r"precision_at_(0\.\d+|1)")
_CLASS = "class_iou/"


def score_of(scores, name):
    """One score of a set of samples.

    | name | what it is |
    |---|---|
    | `overall_iou` | summed intersections over summed unions; semantic: summed over the classes too |
    | `sample_mean_iou` | mean IoU of the samples, 1 for an empty answer to an empty target (gIoU of GRES) |
    | `target_mean_iou` | the same over samples with a target |
    | `precision_at_0.5` and so on | share of samples whose IoU is at least that |
    | `mean_iou` | mean over the classes, here target and background, that occur or are answered |
    | `frequency_weighted_iou` | their mean weighted by the share of pixels labelled so |
    | `mean_class_accuracy` | mean over the labelled classes of the share of their pixels that are right |
    | `pixel_accuracy` | share of pixels that are right |
    | `precision`, `recall`, `dice` | of the target's pixels, summed over the samples; semantic: class means |
    | `no_target_accuracy` | share of empty targets with an empty answer (N-acc) |
    | `target_accuracy` | share of other targets with an answer that is not empty (T-acc) |
    | `boundary_f1` | mean over samples, then classes, of the F of boundary pixels, if `collect(boundaries=True)` |
    | `average_precision` | of the target's pixels, from their logits in 200 bins, see `kmm.metrics.rank_bins` |
    | `class_iou/NAME` | IoU of one class |

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        name: see the table.

    Returns:
        A float, nan where there is nothing to score.

    Raises:
        ValueError: if there is no such score.

    Example:

    >>> from kmm.evaluation import SampleScores
    >>> confusion = np.array([[[90.0, 2.0], [2.0, 6.0]], [[50.0, 40.0], [0.0, 10.0]]])
    >>> scores = SampleScores(
    ...     "referring", ("background", "target"), np.arange(2), ("a cat", "a dog"), ("attribute",) * 2, confusion,
    ...     np.zeros((2, 2, 100)),
    ... )
    >>> round(score_of(scores, "overall_iou"), 4), round(score_of(scores, "sample_mean_iou"), 4)
    (0.2667, 0.4)
    """
    terms, combine = statistic(scores, name)
    return float(combine(terms.sum(axis=0)))


def main_score(task):
    """The score that a task is judged by: "overall_iou" of a referring source, "mean_iou" of a semantic one."""
    return "overall_iou" if task == "referring" else "mean_iou"


def statistic(scores, name):
    """A score as terms of its samples and a function of their sum.

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        name: see `score_of`.

    Returns:
        float64 `(num_samples, k)`, and a function from sums `(..., k)` to scores `(...)`.
    """
    confusion, num_classes = scores.confusion, scores.confusion.shape[-1]
    if name in _OF_MATRIX:
        combine = functools.partial(_combine_matrix, _OF_MATRIX[name], num_classes, scores.task == "referring")
        return confusion.reshape(-1, num_classes**2), combine
    if name == "average_precision" and scores.ranks is not None:
        return scores.ranks.reshape(len(scores), 2 * scores.ranks.shape[-1]), _average_precision
    if name == "boundary_f1" and scores.boundaries is not None:
        known = ~np.isnan(scores.boundaries)
        return np.concatenate([np.nan_to_num(scores.boundaries), known], axis=1), _mean_of_ratios
    if name == "overall_iou":
        if scores.task == "referring":
            right, wrong = confusion[:, 1, 1], confusion[:, 0, 1] + confusion[:, 1, 0]
            return _pairs(right, right + wrong), _ratio
        right = np.trace(confusion, axis1=1, axis2=2)
        return _pairs(right, 2 * scores.counted_pixels - right), _ratio
    if name == "pixel_accuracy":
        return _pairs(np.trace(confusion, axis1=1, axis2=2), scores.counted_pixels), _ratio
    if name.startswith(_CLASS) and name.removeprefix(_CLASS) in scores.class_names:
        place = scores.class_names.index(name.removeprefix(_CLASS))
        right = confusion[:, place, place]
        return _pairs(right, confusion[:, place].sum(axis=-1) + confusion[:, :, place].sum(axis=-1) - right), _ratio
    pair = _mean_of_samples(scores, name)
    if pair is None:
        raise ValueError(
            f"There is no score {name!r} for the task {scores.task!r}. Received: name={name!r}. Use "
            f"'{main_score(scores.task)}', or another of kmm.evaluation.score_of."
        )
    return _pairs(*pair), _ratio


def _mean_of_samples(scores, name):
    """Value and weight of each sample for the scores that are means over samples."""
    counted = (scores.counted_pixels > 0).astype(float)
    ious = np.nan_to_num(scores.ious)
    if name == "sample_mean_iou":
        return ious * counted, counted
    if _AT.fullmatch(name):
        return (ious >= float(_AT.fullmatch(name)[1])) * counted, counted
    if scores.task != "referring":
        return None
    has_target = (scores.confusion[:, 1].sum(axis=-1) > 0) * counted
    has_answer = scores.confusion[:, :, 1].sum(axis=-1) > 0
    if name == "target_mean_iou":
        return ious * has_target, has_target
    if name == "target_accuracy":
        return has_answer * has_target, has_target
    if name == "no_target_accuracy":
        return ~has_answer * (counted - has_target), counted - has_target
    return None


def _pairs(numerators, denominators):
    return np.stack([numerators, denominators], axis=-1).astype(float)


def _ratio(sums):
    return divide(sums[..., 0], sums[..., 1])


def _mean_of_ratios(sums):
    numerators, denominators = np.split(sums, 2, axis=-1)
    return _mean(divide(numerators, denominators))


def _combine_matrix(function, num_classes, binary, sums):
    matrix = sums.reshape(*sums.shape[:-1], num_classes, num_classes)
    return function(matrix, binary)


def _matrix_parts(matrix):
    """Right pixels, labelled pixels and answered pixels of each class, `(..., num_classes)`."""
    return np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1), matrix.sum(axis=-2)


def _mean_iou(matrix, binary):
    right, labelled, answered = _matrix_parts(matrix)
    return _mean(divide(right, labelled + answered - right))


def _frequency_weighted_iou(matrix, binary):
    right, labelled, answered = _matrix_parts(matrix)
    ious = divide(right, labelled + answered - right)
    return divide(np.nansum(ious * labelled, axis=-1), labelled.sum(axis=-1))


def _mean_class_accuracy(matrix, binary):
    right, labelled, _ = _matrix_parts(matrix)
    return _mean(divide(right, labelled))


def _precision(matrix, binary):
    right, _, answered = _matrix_parts(matrix)
    return _of_classes(divide(right, answered), binary)


def _recall(matrix, binary):
    right, labelled, _ = _matrix_parts(matrix)
    return _of_classes(divide(right, labelled), binary)


def _dice(matrix, binary):
    right, labelled, answered = _matrix_parts(matrix)
    return _of_classes(divide(2 * right, labelled + answered), binary)


_OF_MATRIX = {
    "mean_iou": _mean_iou,
    "frequency_weighted_iou": _frequency_weighted_iou,
    "mean_class_accuracy": _mean_class_accuracy,
    "precision": _precision,
    "recall": _recall,
    "dice": _dice,
}


def _of_classes(values, binary):
    return values[..., 1] if binary else _mean(values)


def _mean(values):
    """The mean of what is not nan, along the last axis."""
    return divide(np.nansum(values, axis=-1), (~np.isnan(values)).sum(axis=-1))


def _average_precision(sums):
    """The area under precision and recall, from the highest bin to the lowest."""
    counts = sums.reshape(*sums.shape[:-1], 2, -1)[..., ::-1]
    negatives, positives = np.cumsum(counts[..., 0, :], axis=-1), np.cumsum(counts[..., 1, :], axis=-1)
    precisions = np.nan_to_num(divide(positives, positives + negatives))
    steps = np.diff(positives, axis=-1, prepend=0)
    return divide((precisions * steps).sum(axis=-1), positives[..., -1])
