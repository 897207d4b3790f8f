"""Whether a model uses its words, and which."""

from kmm.evaluation.audit_language import audit_language
from kmm.evaluation.audit_report import CONDITION_LABELS, SCORE_LABELS
from kmm.reporting.html_elements import heading, paragraph, side_by_side
from kmm.reporting.interval_table import interval_table
from kmm.reporting.section import Section

KINDS = {"yes": "good", "no": "bad", "wrong way round": "bad"}
"""How verdicts are coloured; others are neither good nor bad."""

MOST_WORDS = 15
MOST_PICTURES = 64
"""Pictures of which words are left out in turn, each of which is another question."""


def audit_section(context):
    """Verdicts in words, the score under true and under wrong words, and the words that matter.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data is what `kmm.evaluation.audit_language` gives.
    """
    audit = audit_language(
        context.model, context.source, context.split, batch_size=context.batch_size, limit=context.limit,
        word_limit=MOST_PICTURES, verbose=context.verbose,
    )  # fmt: skip
    verdicts = audit["verdicts"]
    if len(audit["conditions"]) == 1:
        return Section(audit, [paragraph(verdicts["text"]["sentence"], "says mild")])
    blocks = [
        paragraph(verdict["sentence"], f"says {KINDS.get(verdict['answer'], 'mild')}") for verdict in verdicts.values()
    ]
    label = SCORE_LABELS.get(audit["score_name"], audit["score_name"])
    rows = [
        {
            "name": CONDITION_LABELS.get(name, name),
            "value": row["score"],
            "other": row.get("true_score"),
            "num_samples": row["num_samples"],
            **_ends(row["interval"]),
        }
        for name, row in audit["conditions"].items()
    ]
    blocks.append(interval_table(rows, name="asked with", score=label, other="true words"))
    blocks.append(
        paragraph(
            "The same pictures and masks are asked about with other words; a model that reads falls. Diamonds are the "
            "scores with the true words on the same samples.",
            "note",
        )
    )
    tables = [
        heading(title) + _drops(audit[key][:MOST_WORDS], column)
        for title, key, column in (
            ("What each kind of word is worth", "word_kinds", "kind"),
            ("The most frequent words", "words", "word"),
        )
        if audit[key]
    ]
    if tables:
        note = f"What is lost in {label} when the word is left out, over the samples that hold it."
        blocks += [side_by_side(*tables), paragraph(note, "note")]
    return Section(audit, blocks)


def _drops(rows, column):
    drawn = [
        {"name": row[column], "value": row["drop"], "num_samples": row["num_samples"], **_ends(row["interval"])}
        for row in rows
    ]
    known = [value for row in drawn for value in (row["value"], row["low"], row["high"]) if value is not None]
    return interval_table(drawn, name=column, score="lost", samples="times", scale=drop_scale(known))


def drop_scale(values):
    """The ends of a scale around drops: 0 and a bit below, up to the next tenth.

    >>> drop_scale([0.31, 0.12]), drop_scale([]), drop_scale([-0.22, 0.05])
    ((-0.1, 0.4), (-0.1, 0.1), (-0.3, 0.1))
    """
    low, high = min([0.0, *values]), max([0.0, *values])
    return -max(1, -int(10 * low - 0.999)) / 10, max(1, int(10 * high + 0.999)) / 10


def _ends(interval):
    low, high = interval or (None, None)
    return {"low": low, "high": high}
