"""Scores for readers."""

LABELS = {
    "overall_iou": "overall IoU",
    "sample_mean_iou": "sample mean IoU",
    "mean_iou": "mean IoU",
    "pixel_accuracy": "pixel accuracy",
    "no_target_accuracy": "no-target accuracy",
}


def score_table(metrics):
    """The scores as lines of text, beside those under exchanged words.

    Args:
        metrics: what `kmm.evaluation.evaluate` returns.

    Example:

    >>> print(score_table({"overall_iou": 0.75, "num_samples": 6, "shuffled_prompts": {"overall_iou": None}}))
                              right words    other words
    overall IoU                     0.750              -
    6 samples
    """
    other = metrics["shuffled_prompts"]
    lines = [f"{'':22}{'right words':>15}{'other words':>15}"]
    lines += [_line(label, metrics[key], other[key]) for key, label in LABELS.items() if key in metrics]
    for group in ("kinds", "class_iou"):
        for name, scores in metrics.get(group, {}).items():
            pair = (scores, other[group][name])
            if group == "kinds":  # phrases that name nothing have no IoU worth reading
                key = "no_target_accuracy" if "no_target_accuracy" in scores else "overall_iou"
                pair = tuple(of_kind[key] for of_kind in pair)
            lines.append(_line(f"  {name}", *pair))
    speed = f", {metrics['images_per_second']:.0f} pictures per second" if "images_per_second" in metrics else ""
    return "\n".join([*lines, f"{metrics['num_samples']} samples{speed}"])


def _line(label, *values):
    return f"{label:22}" + "".join(f"{'-' if value is None else f'{value:.3f}':>15}" for value in values)
