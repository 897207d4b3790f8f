"""Rows of scores for readers."""


def row_table(rows):
    """Rows with intervals as lines of text, under a heading for each group.

    Args:
        rows: what `kmm.evaluation.generalization` or `kmm.evaluation.evaluate_tasks` returns.

    Example:

    >>> row = {"group": "size", "name": "small", "score_name": "overall_iou", "score": 0.5, "interval": [0.4, 0.61]}
    >>> none = {**row, "name": "large", "score": None, "interval": None, "num_samples": 0}
    >>> print(row_table([{**row, "num_samples": 24}, none]))
                                                     score   95 % interval   samples
    size
      small                  overall IoU             0.500    0.400..0.610        24
      large                  overall IoU                 -                         0
    """
    with_drop = any(row.get("relative_drop") is not None for row in rows)
    lines = [f"{'':49}{'score':>5}{'95 % interval':>16}{'samples':>10}" + ("      drop" if with_drop else "")]
    group = None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines.append(group.replace("_", " "))
        lines.append(_line(row))
    return "\n".join(lines)


def _line(row):
    score = "-" if row["score"] is None else f"{row['score']:.3f}"
    interval = "" if row["interval"] is None else "..".join(f"{end:.3f}" for end in row["interval"])
    drop = f"{100 * row['relative_drop']:>8.1f} %" if row.get("relative_drop") is not None else ""
    return f"  {row['name']:22} {_spoken(row['score_name']):23}{score:>6}{interval:>16}{row['num_samples']:>10}{drop}"


def _spoken(name):
    return name.replace("_", " ").replace("iou", "IoU")
