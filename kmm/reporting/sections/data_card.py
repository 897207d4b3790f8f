"""What a model was scored on."""

from kmm.data.check_source import check_source
from kmm.reporting.html_elements import bullets, definitions, heading, number, paragraph, side_by_side, table
from kmm.reporting.section import Section

MOST = 200
"""Pictures of each split that are read."""

LISTED = 8


def data_card(context):
    """Pictures, texts, classes and flaws of the source, from a look at the first pictures of each split.

    Reference: Gebru et al., "Datasheets for Datasets", 2018.

    Args:
        context: a `kmm.reporting.report_context.ReportContext`.

    Returns:
        A `Section` whose data holds `name`, `task`, `read` (pictures read of each split at most), and `splits`,
        `classes`, `phrases`, `problems` and `warnings` as in `kmm.data.DataReport`.
    """
    source = context.source
    limit = min(MOST, context.limit or MOST)
    found = check_source(source, limit)
    data = {
        "name": source.name,
        "task": source.task,
        "read": limit,
        "splits": found.splits,
        "classes": found.classes,
        "phrases": found.phrases,
        "problems": found.problems,
        "warnings": found.warnings,
        "counts": found.counts,
    }
    rows = [
        [split, number(own["pictures"], 0), number(own["read"], 0), number(own["texts"], 0), _size(own)]
        for split, own in found.splits.items()
    ]
    facts = definitions([("source", source.name), ("task", source.task), *_phrases(found.phrases)])
    splits = table(["split", "pictures", "read", "texts", "median size"], rows)
    blocks = [
        side_by_side(facts, splits),
        paragraph(f"Texts, sizes and flaws are those of the first {limit} pictures of each split at most.", "note"),
    ]
    if found.classes:
        named = list(found.splits)
        header = ["class", "share of pixels", *(f"pictures in {split}" for split in named)]
        rows = [
            [own["name"], f"{own['share']:.2%}", *(number(own["pictures"][split], 0) for split in named)]
            for own in sorted(found.classes, key=lambda own: -own["share"])
        ]
        blocks += [heading("Classes"), table(header, rows)]
    for name, findings in (("Problems", found.problems), ("Warnings", found.warnings)):
        if findings:
            texts = [": ".join(filter(None, (own["where"], own["message"]))) for own in findings[:LISTED]]
            more = len(findings) - LISTED
            texts += [f"and {more} more; `kmm data check` lists them"] if more > 0 else []
            blocks += [heading(name), bullets(texts)]
    return Section(data, blocks)


def _phrases(phrases):
    if not phrases.get("texts"):
        return
    low, median, high = phrases["length"]
    yield "texts", f"{phrases['texts']:,} read, {phrases['distinct']:,} different"
    yield "length", f"{low} to {high} words, median {median:g}"
    yield "kinds", ", ".join(f"{kind} {count:,}" for kind, count in phrases["kinds"].items())
    yield "vocabulary", f"{phrases['vocabulary_size']:,} words"
    yield "frequent words", ", ".join(word for word, _ in phrases["frequent_words"])
    for split, words in phrases["unknown_words"].items():
        if words:
            yield f"words of {split} unseen in training", f"{len(words)}: {', '.join(words[:LISTED])}"


def _size(own):
    if not own["height"]:
        return "–"
    return f"{own['height'][1]:g} x {own['width'][1]:g}"
