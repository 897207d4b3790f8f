"""Where a model's score holds: parts of a split, other data, and spoilt pictures."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kmm.visualization.finish_figure import finish_figure

BLUE, GREY = "#1f5fa8", "0.55"
COLORS = ("#1f5fa8", "#d1662b", "#3a8f4d", "#8c4fa8", "#b8930f")
MARKERS = "osD^v"


def plot_protocol(rows, path, title=""):
    """Writes a PNG file: every row's score with its interval, and, of spoilt pictures, the score over the strength.

    A dashed line is the score of the whole split, the row of the group "all". A hollow dot is another score than the
    first row's, which its label names. Rows without a score are left out.

    Args:
        rows: dicts with `group`, `name`, `score_name`, `score`, `interval` and `num_samples`, such as those of
            `kmm.evaluation.generalization`; rows with a `corruption` and a `strength` become curves.
        path: the file to write, `.png`.
        title: text above.

    Raises:
        ValueError: if no row has a score.

    Example:

    >>> import pathlib, tempfile
    >>> row = {"group": "all", "name": "shapes", "score_name": "overall_iou", "score": 0.5, "interval": [0.4, 0.6]}
    >>> row["num_samples"] = 24
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_protocol([row, {**row, "group": "size", "name": "small"}], pathlib.Path(folder) / "protocol.png")
    """
    known = [row for row in rows if row["score"] is not None]
    if not known:
        raise ValueError(
            f"A plot needs at least one row with a score. Received: {len(rows)} rows without one. "
            "Choose a split, or groups, that hold samples."
        )
    whole = next((row["score"] for row in known if row["group"] == "all"), None)
    curves = [row for row in known if row.get("strength") is not None]
    groups = [row for row in known if row not in curves]
    figure = Figure(
        figsize=(12.5 if curves else 8, max(3.4, 1.3 + 0.3 * (len(groups) + 0.7 * len({r["group"] for r in groups})))),
        dpi=120, facecolor="white", layout="constrained",
    )  # fmt: skip
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2 if curves else 1, squeeze=False, width_ratios=(1.25, 1) if curves else None)[0]
    _draw_groups(panels[0], groups, known[0]["score_name"], whole)
    if curves:
        _draw_curves(panels[1], curves, known[0]["score_name"], whole)
    finish_figure(figure, panels, title, path)


def _draw_groups(axes, rows, score_name, whole):
    """A dot and an interval for each row, one under the other, with a gap between groups."""
    place, places = 0.0, []
    ends = [end for row in rows for end in (row["score"], *(row["interval"] or ()))]
    largest, lowest = max(ends), min(0.0, *ends)  # what a modality adds may lie below 0
    for number, row in enumerate(rows):
        place += 1 if number == 0 or rows[number - 1]["group"] == row["group"] else 1.7
        places.append(place)
        same = row["score_name"] == score_name
        if row["interval"] is not None:
            axes.plot(row["interval"], [place, place], color=BLUE, linewidth=2.4, alpha=0.4, solid_capstyle="butt")
        axes.plot(row["score"], place, "o", color=BLUE, markersize=6.5, markerfacecolor=BLUE if same else "white")
    for place, row in zip(places, rows, strict=True):
        text = f"{row['score']:.3f}" + ("" if row["score_name"] == score_name else f"  {_spoken(row['score_name'])}")
        axes.annotate(
            text, (largest, place), (8, 0), textcoords="offset points", va="center", size=8.5, annotation_clip=False
        )
    axes.set_yticks(places, [f"{row['name']}   ({row['num_samples']:,})" for row in rows], size=9)
    axes.set_ylim(places[-1] + 0.9, 0.1)
    axes.set_xlim(1.05 * lowest, largest + 0.17 * max(largest - lowest, 0.1))
    starts = [number for number, row in enumerate(rows) if number == 0 or rows[number - 1]["group"] != row["group"]]
    for number in starts:
        if rows[number]["group"] != "all":
            axes.annotate(
                _spoken(rows[number]["group"]), (0, places[number] - 0.78), xycoords=axes.get_yaxis_transform(),
                xytext=(-4, 0), textcoords="offset points", ha="right", va="center", size=9, weight="bold",
                annotation_clip=False,
            )  # fmt: skip
    if whole is not None:
        axes.axvline(whole, color=GREY, linestyle="--", linewidth=1)
    axes.set_xlabel(f"{_spoken(score_name)}, with interval (samples in brackets)")


def _draw_curves(axes, rows, score_name, whole):
    """The score over the strength, one curve for each corruption; strength 0 is the clean picture."""
    corruptions = list(dict.fromkeys(row["corruption"] for row in rows))
    for number, corruption in enumerate(corruptions):
        own = [row for row in rows if row["corruption"] == corruption]
        color, shift = COLORS[number % len(COLORS)], 0.05 * (number - (len(corruptions) - 1) / 2)
        points = ([(0, whole)] if whole is not None else []) + [(row["strength"] + shift, row["score"]) for row in own]
        axes.plot(*zip(*points, strict=True), color=color, linewidth=1.6, label=corruption)
        for row in own:
            if row["interval"] is not None:
                axes.plot([row["strength"] + shift] * 2, row["interval"], color=color, linewidth=1.4, alpha=0.4)
            marker = MARKERS[number % len(MARKERS)]
            axes.plot(row["strength"] + shift, row["score"], marker, color=color, markersize=5)
    if whole is not None:
        axes.axhline(whole, color=GREY, linestyle="--", linewidth=1)
        axes.plot(0, whole, "o", color="black", markersize=5)
    strengths = sorted({row["strength"] for row in rows})
    axes.set_xticks(
        [*([0] if whole is not None else []), *strengths], [*(["clean"] if whole is not None else []), *strengths]
    )
    axes.set_ylim(bottom=0)
    axes.set_xlabel("strength of the corruption")
    axes.set_ylabel(_spoken(score_name))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, frameon=False, fontsize=8.5, handletextpad=0.4)


def _spoken(name):
    return name.replace("_", " ").replace("iou", "IoU")
