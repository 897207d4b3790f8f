"""The scores of a split, with intervals and under exchanged words."""

from kmm.evaluation.evaluate import IOU_THRESHOLDS, SCORES
from kmm.reporting.html_elements import paragraph
from kmm.reporting.interval_table import interval_table
from kmm.reporting.section import Section

LABELS = {
    "overall_iou": "overall IoU",
    "sample_mean_iou": "sample mean IoU",
    "target_mean_iou": "sample mean IoU, phrases with a target",
    "mean_iou": "mean IoU",
    "frequency_weighted_iou": "frequency-weighted IoU",
    "precision": "precision of pixels",
    "recall": "recall of pixels",
    "dice": "Dice (F1) of pixels",
    "average_precision": "average precision of pixels",
    "mean_class_accuracy": "mean class accuracy",
    "pixel_accuracy": "pixel accuracy",
    "boundary_f1": "boundary F",
    "no_target_accuracy": "no-target accuracy (N-acc)",
    "target_accuracy": "target accuracy (T-acc)",
}
"""What scores are called; others by their names."""


def scores_section(context):
    """Every score of the split.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section`; its data is what `kmm.evaluation.evaluate` gives.
    """
    metrics = context.metrics
    other = metrics["shuffled_prompts"] if context.reads_words else {}
    names = [name for name in SCORES[context.source.task] if name in metrics]
    rows = [_row(metrics, name, label(name), metrics[name], other.get(name)) for name in names]
    rows.append({"group": "share of samples whose IoU is at least ..."})
    others = other.get("precision_at_iou") or {}
    for threshold in IOU_THRESHOLDS:
        value, beside = metrics["precision_at_iou"][threshold], others.get(threshold)
        rows.append(_row(metrics, f"precision_at_{threshold}", threshold, value, beside))
    rows = [row for row in rows if row.get("value") is not None or "group" in row]
    with_words = any(row.get("other") is not None for row in rows)
    note = (
        f"{metrics['num_samples']:,} samples of {metrics['num_pictures']:,} pictures; a sample is one prompt with its "
        "mask. Intervals say where a score would lie for other pictures like these, in 95 of 100 cases (bootstrap over "
        "pictures). They say nothing of another training run, and are too narrow where pictures resemble each other, "
        "such as frames of one film."
    )
    if with_words:
        whose = "another object of the picture" if context.source.task == "referring" else "another picture"
        note += f" Diamonds are the same scores when every prompt is exchanged for the words of {whose}."
    blocks = [interval_table(rows, other="other words" if with_words else None), paragraph(note, "note")]
    return Section(metrics, blocks)


def label(name):
    """What a score is called.

    >>> label("overall_iou"), label("some_score")
    ('overall IoU', 'some score')
    """
    return LABELS.get(name, name.replace("_", " "))


def _row(metrics, name, title, value, other):
    low, high = metrics["intervals"].get(name) or (None, None)
    return {"name": title, "value": value, "low": low, "high": high, "other": other}
