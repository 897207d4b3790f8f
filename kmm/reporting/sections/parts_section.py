"""The scores of parts of a split: kinds of phrases, or classes."""

import math

from kmm.evaluation.bootstrap import bootstrap_interval
from kmm.evaluation.score_groups import score_groups
from kmm.evaluation.statistics import score_of
from kmm.reporting.html_elements import paragraph
from kmm.reporting.interval_table import interval_table
from kmm.reporting.section import Section
from kmm.reporting.sections.generalization_section import group_row


def parts_section(context):
    """The score of each kind of phrase, or of each class.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `rows` as of `kmm.evaluation.generalization`; those of classes also have
        `share_of_pixels` and `share_of_answers`.
    """
    return _kinds(context.scores) if context.source.task == "referring" else _classes(context)


def _kinds(scores):
    rows = sorted(
        score_groups(scores, "kind"), key=lambda row: (row["score_name"] == "no_target_accuracy", -(row["score"] or 0))
    )
    note = "The overall IoU of each kind; phrases that name nothing are judged by the share that gets an empty answer."
    table = interval_table(list(map(group_row, rows)), name="kind of phrase", score="overall IoU", samples="phrases")
    return Section({"rows": rows}, [table, paragraph(note, "note")])


def _classes(context):
    scores = context.scores
    labelled, answered = scores.confusion.sum(axis=(0, 2)), scores.confusion.sum(axis=(0, 1))
    shown = (scores.confusion.sum(axis=2) > 0).sum(axis=0)
    rows = []
    for place, name in enumerate(scores.class_names):
        score = f"class_iou/{name}"
        row = {"group": "class", "name": name, "score_name": "class_iou", "score": score_of(scores, score)}
        row["interval"] = list(bootstrap_interval(scores, score))
        row["num_samples"] = int(shown[place])
        row["share_of_pixels"] = labelled[place] / max(1, labelled.sum())
        row["share_of_answers"] = answered[place] / max(1, labelled.sum())
        rows.append(row)
    absent = [row["name"] for row in rows if math.isnan(row["score"])]
    drawn = [{**group_row(row), "name": f"{row['name']} ({100 * row['share_of_pixels']:.1f} %)"} for row in rows]
    table = interval_table(drawn, name="class (share of the pixels)", score="IoU", samples="pictures")
    blocks = [table]
    if absent:
        blocks.append(paragraph(f"Neither there nor answered: {', '.join(absent)}.", "note"))
    return Section({"rows": rows}, blocks)
