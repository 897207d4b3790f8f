"""How variants of a model compare: their scores, and what they cost."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kmm.visualization.finish_figure import finish_figure

BLUE, GREY = "#1f5fa8", "0.55"
COSTS = (("latency_ms", "serving one picture, ms", 1.0), ("parameters", "parameters, millions", 1e-6))
"""What the second panel shows: the first of these that every variant has."""


def plot_comparison(rows, path, score_name="score", title=""):
    """Writes a PNG file with two panels: the score of every variant, and the score against what it costs.

    In the first panel dots are single runs, a stroke is their mean, and a grey diamond the mean under exchanged words;
    the number before it is the variant's rank. The second panel shows the mean of each rank over the latency, or over
    the number of parameters where latencies were not measured.

    Args:
        rows: dicts with `variant`, `score`, `scores` (one for each run), `shuffled` (or `None`), `parameters` and
            `latency_ms` (or `None`), such as those of `kmm.training.compare`. Rows without a score are left out.
        path: the file to write, `.png`.
        score_name: what the score is called.
        title: text above the panels.

    Raises:
        ValueError: if no row has a score.

    Example:

    >>> import pathlib, tempfile
    >>> row = {"variant": "A", "score": 0.5, "scores": [0.4, 0.6], "shuffled": 0.1, "parameters": 9, "latency_ms": None}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_comparison([row, {**row, "variant": "B", "score": 0.4}], pathlib.Path(folder) / "comparison.png")
    """
    shown = sorted((row for row in rows if row["score"] is not None), key=lambda row: row["score"], reverse=True)
    if not shown:
        raise ValueError(
            f"A comparison needs at least one variant with a score. Received: {len(rows)} rows without one. "
            "Their errors say why they failed."
        )
    figure = Figure(figsize=(12.5, max(3.6, 1.5 + 0.34 * len(shown))), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    scores, costs = figure.subplots(1, 2, width_ratios=(1.35, 1))
    _draw_scores(scores, shown, score_name)
    _draw_costs(costs, shown, score_name)
    finish_figure(figure, (scores, costs), title, path)


def _draw_scores(axes, rows, score_name):
    known = [value for row in rows for value in (*row["scores"], row["shuffled"]) if value is not None]
    span = max(max(known) - min(known), 0.02)
    for place, row in enumerate(rows):
        if row["shuffled"] is not None:
            axes.plot(row["shuffled"], place, "D", color=GREY, markersize=5, markerfacecolor="none")
        axes.plot(row["scores"], [place] * len(row["scores"]), "o", color=BLUE, markersize=6, alpha=0.45, mew=0)
        axes.plot(row["score"], place, "|", color="black", markersize=14, markeredgewidth=1.8)
        axes.text(max(row["scores"]) + 0.02 * span, place, f"{row['score']:.3f}", va="center", size=8.5)
    axes.set_yticks(range(len(rows)), [f"{row['variant']}   {place}" for place, row in enumerate(rows, 1)])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(score_name)
    axes.set_xlim(min(known) - 0.06 * span, max(known) + 0.12 * span)
    labels = [("|", "black", "black", 11, "mean"), ("o", BLUE, BLUE, 6, "one run each")]
    if any(row["shuffled"] is not None for row in rows):
        labels.append(("D", GREY, "none", 5, "mean under exchanged words"))
    for marker, color, face, size, label in labels:
        axes.plot([], [], marker, color=color, markerfacecolor=face, markersize=size, label=label)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8, handletextpad=0.3)


def _draw_costs(axes, rows, score_name):
    key, label, scale = next(cost for cost in COSTS if cost is COSTS[-1] or all(row[cost[0]] for row in rows))
    values = [scale * row[key] for row in rows]
    for place, (row, value) in reversed(list(enumerate(zip(rows, values, strict=True)))):
        axes.plot([value, value], [min(row["scores"]), max(row["scores"])], color=BLUE, linewidth=2, alpha=0.25)
        axes.plot(value, row["score"], "o", color=BLUE, markersize=11.5, markeredgecolor="white", markeredgewidth=0.8)
        axes.annotate(
            place + 1, (value, row["score"]), ha="center", va="center_baseline", color="white", size=6.8, weight="bold"
        )
    axes.set_xlabel(label)
    axes.set_ylabel(score_name)
    axes.margins(0.08)
    if max(values) > 10 * min(values):
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0, right=1.08 * max(values))
