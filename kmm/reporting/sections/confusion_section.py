"""What is taken for what."""

import numpy as np

from kmm.reporting.heat_map import heat_map
from kmm.reporting.html_elements import heading, paragraph, side_by_side
from kmm.reporting.section import Section

MOST = 30
"""Classes that are drawn; the most frequent of more."""


def confusion_section(context):
    """The confusion matrix of the pixels, and of a referring source that of empty answers too.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `class_names` and `pixels` (label by answer), and of a referring source `answers`:
        samples without and with a target, by empty and other answers.
    """
    scores = context.scores
    pixels = scores.confusion.sum(axis=0)
    data = {"class_names": list(scores.class_names), "pixels": pixels.tolist()}
    note = "Rows are what is true, columns what was answered; each row adds up to 100 percent of its pixels."
    if context.source.task == "semantic":
        order = np.argsort(-pixels.sum(axis=1), kind="stable")[:MOST]
        names = [scores.class_names[place] for place in order]
        blocks = [heat_map(pixels[np.ix_(order, order)], names, names), paragraph(note, "note")]
        if len(pixels) > MOST:
            blocks.append(paragraph(f"Only the {MOST} most frequent of {len(pixels)} classes are drawn.", "note"))
        blocks += _mistakes(pixels, scores.class_names)
        return Section(data, blocks)
    counted = scores.counted_pixels > 0
    has_target = scores.confusion[:, 1].sum(axis=1) > 0
    is_answered = scores.confusion[:, :, 1].sum(axis=1) > 0
    answers = np.array(
        [[(counted & (has_target == row) & (is_answered == column)).sum() for column in (0, 1)] for row in (0, 1)]
    )
    data["answers"] = answers.tolist()
    samples = heat_map(answers, ["names nothing", "has a target"], ["empty answer", "some answer"])
    return Section(
        data,
        [
            side_by_side(
                heading("Pixels") + heat_map(pixels, scores.class_names, scores.class_names),
                heading("Whole answers") + samples,
            ),
            paragraph("Rows are what is true, columns what was answered; each row adds up to 100 percent.", "note"),
        ],
    )


def _mistakes(pixels, class_names, most=5):
    """The commonest mistakes in words."""
    wrong = pixels - np.diag(np.diagonal(pixels))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    texts = [
        f"{class_names[true]} taken for {class_names[answered]} ({wrong[true, answered] / pixels.sum():.1%} of pixels)"
        for true, answered in pairs
        if wrong[true, answered] > 0
    ]
    return [paragraph("Commonest mistakes: " + "; ".join(texts) + ".")] if texts else []
