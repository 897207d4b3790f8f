"""Where a score holds: short and long phrases, small and large things, pairs that training did not show."""

from kmm.data.shapes import HELD_OUT, ShapesSource
from kmm.evaluation.score_groups import score_groups
from kmm.evaluation.statistics import main_score
from kmm.reporting.html_elements import paragraph
from kmm.reporting.interval_table import interval_table
from kmm.reporting.section import Section

TITLES = {
    "length": "by the length of the phrase",
    "size": "by the target's share of the picture",
    "held_out": "combinations of words that training did not show",
}
NAMES = {"overall_iou": "overall IoU", "mean_iou": "mean IoU", "no_target_accuracy": "share of empty answers"}


def generalization_section(context):
    """The main score by length of phrase and, of a referring source, by size of the target.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `rows` as of `kmm.evaluation.generalization`; `None` without groups.
    """
    scores = context.scores
    groups = ["length", "size"] if scores.task == "referring" else ["length"]
    rows = {by: score_groups(scores, by) for by in groups}
    if scores.task == "referring" and isinstance(context.source, ShapesSource) and context.split == "test":
        rows["held_out"] = score_groups(scores, "held_out", held_out=sorted(map(" ".join, HELD_OUT)))
    rows = {by: own for by, own in rows.items() if len(own) > 1}
    if not rows:
        return None
    shown = [line for by, own in rows.items() for line in ({"group": TITLES[by]}, *(group_row(row) for row in own))]
    note = (
        "Differences between groups need not come from what the groups are named after: large things may also be of "
        "other kinds. `kmm evaluate --protocol` adds spoilt pictures and other data."
    )
    table = interval_table(shown, name="group", score=NAMES[main_score(scores.task)])
    return Section({"rows": [row for own in rows.values() for row in own]}, [table, paragraph(note, "note")])


def group_row(row):
    """A row of `kmm.evaluation.score_groups` as one of `interval_table`.

    >>> group_row({"name": "absent", "score_name": "no_target_accuracy", "score": 0.5, "interval": None,
    ...            "num_samples": 4})["name"]
    'absent (share of empty answers)'
    """
    low, high = row["interval"] or (None, None)
    remark = f" ({NAMES['no_target_accuracy']})" if row["score_name"] == "no_target_accuracy" else ""
    shown = {"name": row["name"] + remark, "value": row["score"], "low": low, "high": high}
    return {**shown, "num_samples": row["num_samples"]}
