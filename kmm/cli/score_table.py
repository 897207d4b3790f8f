"""Scores for readers."""

LABELS = {
    "overall_iou": "overall IoU",
    "sample_mean_iou": "sample mean IoU (gIoU)",
    "target_mean_iou": "  of those with a target",
    "mean_iou": "mean IoU",
    "frequency_weighted_iou": "frequency-weighted IoU",
    "precision": "precision",
    "recall": "recall",
    "dice": "Dice (F1)",
    "boundary_f1": "boundary F1",
    "average_precision": "average precision",
    "mean_class_accuracy": "class accuracy",
    "pixel_accuracy": "pixel accuracy",
    "no_target_accuracy": "no-target accuracy",
    "target_accuracy": "target accuracy",
}


def score_table(metrics):
    """The scores as lines of text, with their intervals, beside those under exchanged words.

    Args:
        metrics: what `kmm.evaluation.evaluate` returns.

    Example:

    >>> other = {"overall_iou": None}
    >>> intervals = {"overall_iou": [0.7, 0.8]}
    >>> print(score_table({"overall_iou": 0.75, "num_samples": 6, "shuffled_prompts": other, "intervals": intervals}))
                                          right words    other words
    overall IoU                  0.750 [0.700, 0.800]              -
    6 samples
    """
    other, intervals = metrics["shuffled_prompts"], metrics.get("intervals", {})
    lines = [f"{'':26}{'right words':>23}{'other words':>15}"]
    lines += [
        _line(label, metrics[key], other[key], intervals.get(key)) for key, label in LABELS.items() if key in metrics
    ]
    for threshold, value in metrics.get("precision_at_iou", {}).items():
        interval = intervals.get(f"precision_at_{threshold}")
        lines.append(_line(f"precision at IoU {threshold}", value, other["precision_at_iou"][threshold], interval))
    for group in ("kinds", "class_iou"):
        for name, scores in metrics.get(group, {}).items():
            pair, label = (scores, other[group][name]), f"  {name}"
            if group == "kinds":  # phrases that name nothing have no IoU worth reading
                names_nothing = "no_target_accuracy" in scores
                pair = tuple(of_kind["no_target_accuracy" if names_nothing else "overall_iou"] for of_kind in pair)
                label += " (empty answers)" if names_nothing else ""
            lines.append(_line(label, *pair, intervals.get(f"class_iou/{name}")))
    pictures = f" of {metrics['num_pictures']} pictures" if "num_pictures" in metrics else ""
    speed = f", {metrics['images_per_second']:.0f} pictures per second" if "images_per_second" in metrics else ""
    return "\n".join([*lines, f"{metrics['num_samples']} samples{pictures}{speed}"])


def _line(label, value, other, interval):
    if interval is None or None in interval:
        return f"{label:26}{_number(value):>23}{_number(other):>15}"
    low, high = map(_number, interval)
    return f"{label:26}{f'{_number(value)} [{low}, {high}]':>23}{_number(other):>15}"


def _number(value):
    return "-" if value is None else f"{value:.3f}"
