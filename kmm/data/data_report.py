"""What a data set holds and what is wrong with it."""

import dataclasses
import json

LISTED = 20
"""Findings of one kind that the table shows; the rest is counted."""


@dataclasses.dataclass
class DataReport:
    """What `check_source` found, to be printed as a table (`print(report)`) or as JSON.

    Args:
        name, task: of the source.
        limit: how many pictures of each split were read at most; `None` for all.
        splits: for each split `pictures` (there are), `read`, `bad`, `texts`, and `height` and `width` as lists of
            minimum, median and maximum in pixels.
        classes: for each class of a semantic source `name`, `pixels`, `share` of all pixels that count, and `pictures`
            by split.
        ignored_share: share of pixels that do not count; `None` for a referring source.
        phrases: `texts`, `distinct`, `length` in words (minimum, median, maximum), `kinds` and their numbers,
            `frequent_words` and their numbers, `vocabulary_size` of the training split (of all without one), and
            `unknown_words` of each other split.
        problems: what is wrong, dicts of `kind`, `where` and `message`: bad records, pictures or groups that splits
            share, a source that cannot be opened.
        warnings: what may be meant, of the same form.
        counts: numbers of problems and warnings by kind, of which the lists hold the first.

    Example:

    >>> report = DataReport("street", "referring", problems=[{"kind": "record", "where": "a.png", "message": "cut"}])
    >>> print(report)
    street (referring)
    <BLANKLINE>
    1 problem:
      a.png: cut
    """

    name: str
    task: str
    limit: int | None = None
    splits: dict = dataclasses.field(default_factory=dict)
    classes: list = dataclasses.field(default_factory=list)
    ignored_share: float | None = None
    phrases: dict = dataclasses.field(default_factory=dict)
    problems: list = dataclasses.field(default_factory=list)
    warnings: list = dataclasses.field(default_factory=list)
    counts: dict = dataclasses.field(default_factory=dict)

    def to_json(self):
        """All of it as a JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    def __str__(self):
        blocks = [[f"{self.name} ({self.task})"]]
        if self.limit is not None:
            blocks[0].append(f"only the first {self.limit} pictures of each split were read")
        if self.splits:
            blocks.append(self._split_table())
        if self.classes:
            blocks.append(self._class_table())
        if self.phrases.get("texts"):
            blocks.append(self._phrase_lines())
        blocks += [self._findings("problem", self.problems), self._findings("warning", self.warnings)]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _split_table(self):
        rows = [("split", "pictures", "bad", "texts", "height", "width")]
        for split, found in self.splits.items():
            sizes = ["/".join(f"{value:g}" for value in found[side]) or "-" for side in ("height", "width")]
            rows.append((split, found["pictures"], found["bad"], found["texts"], *sizes))
        return [*_aligned(rows), "height and width: smallest/median/largest"]

    def _class_table(self):
        rows = [("class", "pixels", "share", *(f"in {split}" for split in self.splits))]
        for found in self.classes:
            pictures = [found["pictures"][split] for split in self.splits]
            rows.append((found["name"], found["pixels"], f"{found['share']:.2%}", *pictures))
        return [*_aligned(rows), f"{self.ignored_share:.2%} of all pixels are ignored"]

    def _phrase_lines(self):
        found = self.phrases
        low, median, high = found["length"]
        lines = [
            f"texts read: {found['texts']}, {found['distinct']} different, of {low} to {high} words, median {median:g}",
            "kinds: " + ", ".join(f"{kind} {count}" for kind, count in found["kinds"].items()),
            "frequent words: " + ", ".join(f"{word} {count}" for word, count in found["frequent_words"]),
            f"vocabulary: {found['vocabulary_size']} words",
        ]
        for split, words in found["unknown_words"].items():
            listed = f": {_listed(words)}" if words else ""
            lines.append(f"words of {split} that train does not hold: {len(words)}{listed}")
        return lines

    def _findings(self, what, findings):
        if not findings:
            return ["no problems"] if what == "problem" else []
        kinds = dict.fromkeys(finding["kind"] for finding in findings)
        total = sum(self.counts.get(kind, 0) for kind in kinds) or len(findings)
        lines = [f"{total} {what}{'s' if total > 1 else ''}:"]
        for kind in kinds:
            of_kind = [finding for finding in findings if finding["kind"] == kind]
            lines += ["  " + ": ".join(filter(None, (one["where"], one["message"]))) for one in of_kind[:LISTED]]
            more = self.counts.get(kind, len(of_kind)) - len(of_kind[:LISTED])
            lines += [f"  ... and {more} more of kind {kind!r}"] if more > 0 else []
        return lines


def _listed(words):
    more = f" and {len(words) - LISTED} more" if len(words) > LISTED else ""
    return ", ".join(words[:LISTED]) + more


def _aligned(rows):
    """Lines of columns, the first to the left and the others to the right."""
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [str(cell).rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([str(row[0]).ljust(widths[0]), *cells[1:]]))
    return lines
