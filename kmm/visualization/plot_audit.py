"""What a model loses when its words are changed."""

import textwrap

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#1f5fa8", "#d9730d", "0.6"
SCORE_LABELS = {"overall_iou": "overall IoU", "mean_iou": "mean IoU"}
CONDITION_LABELS = {
    "true": "true prompts",
    "shuffled": "another picture's prompts",
    "wrong_object": "another object's prompts",
    "blank": "no words",
    "sides_swapped": "left and right swapped",
    "word_dropped": "one word left out",
}
"""The conditions of an audit, for readers."""

LEGEND = (
    (BLUE, BLUE, "true words"),
    (ORANGE, ORANGE, "other words"),
    ("none", BLUE, "true words, the same samples"),
)
SHOWN_WORDS = 16


def plot_audit(audit, path, title=""):
    """Writes a PNG file of an audit of the language: the scores under wrong words, and which words matter.

    In the first panel a dot is the score under a condition with its interval, and a hollow dot the score of the same
    samples with their true words. The other panels show what is lost when a word is left out, by kind and by word: the
    words without which most is lost, among the frequent ones.

    Args:
        audit: what `kmm.evaluation.audit_language` returns.
        path: the file to write, `.png`.
        title: text above the panels, before the verdicts.

    Raises:
        ValueError: if no condition has a score.

    Example:

    >>> import pathlib, tempfile
    >>> row = {"score": 0.5, "interval": [0.4, 0.6], "num_samples": 6}
    >>> verdict = {"text": {"sentence": "The model reads no words."}}
    >>> audit = {"score_name": "mean_iou", "conditions": {"true": row}, "verdicts": verdict}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_audit({**audit, "words": [], "word_kinds": []}, pathlib.Path(folder) / "audit.png")
    """
    rows = {name: row for name, row in audit["conditions"].items() if row["score"] is not None}
    if not rows:
        raise ValueError(
            f"An audit needs a condition with a score. Received: {sorted(audit['conditions'])} without one. Audit "
            "pictures with pixels that count."
        )
    words = sorted((row for row in audit["words"] if row["interval"]), key=lambda row: row["num_samples"])[
        -SHOWN_WORDS:
    ]
    words.sort(key=lambda row: -row["drop"])
    kinds = [row for row in audit["word_kinds"] if row["drop"] is not None]
    panels = 1 + 2 * bool(words and kinds)
    sentences = [verdict["sentence"] for verdict in audit["verdicts"].values()]
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, 62 * (1 + panels // 2))]
    lines = [title, *lines] if title else lines
    height = 1.2 + 0.22 * len(lines) + 0.31 * max(len(rows), 9 if panels > 1 else 0, len(words) if panels > 1 else 0)
    figure = Figure(figsize=(6.6 if panels == 1 else 14, height), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(1, panels, squeeze=False, width_ratios=(1.5, 0.9, 0.9)[:panels])[0]
    score_name = SCORE_LABELS.get(audit["score_name"], audit["score_name"])
    _draw_conditions(grid[0], rows, score_name)
    if panels > 1:
        _draw_drops(grid[1], kinds, "kind", score_name)
        _draw_drops(grid[2], words, "word", score_name)
    for axes in grid:
        axes.grid(axis="x", alpha=0.25, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.suptitle("\n".join(lines), size=10.5, x=0.01, ha="left", parse_math=False)
    figure.savefig(path, format="png")


def _draw_conditions(axes, rows, score_name):
    for place, (name, row) in enumerate(rows.items()):
        color = BLUE if name == "true" else ORANGE
        if row["interval"]:
            axes.plot(row["interval"], [place, place], color=color, linewidth=2.4, alpha=0.45, solid_capstyle="butt")
        axes.plot(row["score"], place, "o", color=color, markersize=8)
        if "true_score" in row:
            axes.plot(row["true_score"], place, "o", color=BLUE, markersize=8, markerfacecolor="none")
        axes.text(1.02, place, f"{row['score']:.3f}", va="center", size=9, transform=axes.get_yaxis_transform())
    labels = [f"{CONDITION_LABELS[name]}\n{row['num_samples']} samples" for name, row in rows.items()]
    axes.set_yticks(range(len(rows)), labels, size=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel(score_name)
    if len(rows) > 1:
        for face, color, label in LEGEND:
            axes.plot([], [], "o", color=color, markerfacecolor=face, markersize=7, label=label)
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8, handletextpad=0.2
        )


def _draw_drops(axes, rows, key, score_name):
    for place, row in enumerate(rows):
        axes.barh(place, row["drop"], color=BLUE if row["drop"] > 0 else GREY, alpha=0.75, height=0.62)
        if row["interval"]:
            axes.plot(row["interval"], [place, place], color="black", linewidth=1.1)
    axes.set_yticks(range(len(rows)), [f"{row[key]}  ({row['num_samples']})" for row in rows], size=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set_xlabel(f"{score_name} lost without it")
    axes.set_title("by kind of word" if key == "kind" else "by word", size=10)
