"""The scores of each task as rows of one table."""

import dataclasses

import numpy as np

from kmm.evaluation.divide import divide
from kmm.evaluation.sample_scores import NUM_BINS
from kmm.evaluation.score_row import score_row
from kmm.evaluation.statistics import statistic
from kmm.metrics import box_iou

SEGMENTATION = {
    "referring": ("overall_iou", "sample_mean_iou", "target_mean_iou", "precision_at_0.5", "precision_at_0.7"),
    "semantic": ("mean_iou", "frequency_weighted_iou", "mean_class_accuracy", "pixel_accuracy"),
}


def segmentation_rows(scores, **options):
    """Rows of the masks' scores."""
    return [_known_row("segmentation", name, scores, name, options) for name in SEGMENTATION[scores.task]]


def box_rows(scores, true_boxes, boxes, **options):
    """Rows of the boxes around masks, of the samples with a target."""
    with_target = np.flatnonzero(true_boxes.any(axis=-1))
    scores = scores.select(with_target)
    ious = np.asarray(box_iou(true_boxes[with_target], boxes[with_target]), float)
    rows = [_mean_row("boxes", "mean IoU", "box_mean_iou", scores, ious, options)]
    for threshold in (0.5, 0.75):
        name = f"box_accuracy_at_{threshold:g}"
        rows.append(_mean_row("boxes", f"Acc@{threshold:g}", name, scores, ious >= threshold, options))
    return rows


def presence_rows(scores, certainties, **options):
    """Rows of the question whether the picture holds what a phrase names; an answer that is not empty says yes.

    `certainties` are the scores of the answers, `(num_samples,)`.
    """
    is_there = scores.confusion[:, 1].sum(axis=-1) > 0
    says_yes = scores.confusion[:, :, 1].sum(axis=-1) > 0
    rows = [_mean_row("classification", "present or absent", "accuracy", scores, is_there == says_yes, options)]
    rows.append(_known_row("classification", "says absent", scores, "no_target_accuracy", options))
    rows.append(_known_row("classification", "says present", scores, "target_accuracy", options))
    bins = np.minimum((certainties * NUM_BINS).astype(int), NUM_BINS - 1)
    histograms = np.zeros((len(scores), 2, NUM_BINS))
    if not is_there.all():  # else every ranking is right
        histograms[np.arange(len(scores)), is_there.astype(int), bins] = 1
    by_score = dataclasses.replace(scores, ranks=histograms)
    rows.append(_known_row("classification", "present, by its score", by_score, "average_precision", options))
    return rows


def class_presence_rows(scores, min_area, **options):
    """Rows of the question which classes a picture holds; a class is said to be there from a share of its pixels on."""
    num_classes = len(scores.class_names)
    is_there = scores.confusion.sum(axis=2) > 0
    says_yes = scores.confusion.sum(axis=1) > min_area * scores.counted_pixels[:, None]
    counts = np.concatenate([is_there & says_yes, ~is_there & says_yes, is_there & ~says_yes], axis=1).astype(float)

    def parts(sums):
        return np.split(sums, 3, axis=-1)

    def all_together(function):
        return lambda sums: function(*(part.sum(axis=-1) for part in parts(sums)))

    def mean_of_classes(sums):
        values = _f1(*parts(sums))
        known = (~np.isnan(values)).sum(axis=-1)
        return np.nansum(values, axis=-1) / np.where(known > 0, known, np.nan)

    asked = {
        "precision": all_together(lambda right, wrong, missed: divide(right, right + wrong)),
        "recall": all_together(lambda right, wrong, missed: divide(right, right + missed)),
        "f1": all_together(_f1),
        "mean_class_f1": mean_of_classes,
    }
    label = f"which of {num_classes} classes"
    return [
        score_row("classification", label, name, scores, counts, combine, **options) for name, combine in asked.items()
    ]


def retrieval_rows(queries, similarities, relevant, **options):
    """Rows of how often a picture that a phrase is about is among the first ones.

    Of equal similarities those of irrelevant pictures come first, as in `kmm.metrics.RecallAtK`.

    Args:
        queries: the `kmm.evaluation.SampleScores` of the phrases.
        similarities: float `(num_phrases, num_pictures)`.
        relevant: bool `(num_phrases, num_pictures)`.
        **options: see `score_row`.
    """
    best = np.where(relevant, similarities, -np.inf).max(axis=1, keepdims=True)
    before = (~relevant & (similarities >= best)).sum(axis=1)
    label = f"of {similarities.shape[1]} pictures"
    return [_mean_row("retrieval", label, f"recall_at_{k}", queries, before < k, options) for k in (1, 5, 10)]


def _known_row(group, name, scores, score_name, options):
    name = "masks" if group == "segmentation" else name
    if score_name in ("target_mean_iou", "target_accuracy", "no_target_accuracy"):
        has_target = scores.confusion[:, 1].sum(axis=-1) > 0
        scores = scores.select(~has_target if score_name == "no_target_accuracy" else has_target)
    return score_row(group, name, score_name, scores, *statistic(scores, score_name), **options)


def _mean_row(group, name, score_name, scores, values, options):
    values = np.asarray(values, float)
    terms = np.stack([values, np.ones_like(values)], axis=-1)
    return score_row(group, name, score_name, scores, terms, lambda sums: divide(sums[..., 0], sums[..., 1]), **options)


def _f1(right, wrong, missed):
    return divide(2 * right, 2 * right + wrong + missed)
