"""A picture of what a model was asked, what is true and what it answered."""

import math
import textwrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from kmm.visualization.class_colors import class_colors
from kmm.visualization.grey_picture import grey_picture
from kmm.visualization.overlay_mask import PREDICTION_COLOR, TRUTH_COLOR, overlay_mask

PANEL, GAP, MARGIN, LINE = 2.1, 0.06, 0.25, 0.19
"""Width of a panel, distance of panels, margin of the page and height of a line of text, in inches."""


def plot_gallery(rows, path, class_names=()):
    """Writes a PNG file with, for each row, the phrase, the picture, and truth and prediction drawn over it.

    Two rows stand side by side where there are more than two. Small pictures are enlarged without smoothing.

    Args:
        rows: dicts with `image` (uint8, `(height, width, 3)`), `prompt`, and `truth` and `prediction` (`(height,
            width)`, class ids or binary), and where wanted `iou`, such as those of `kmm.evaluation.gallery_rows`.
        path: the file to write, `.png`.
        class_names: names in the order of their ids; empty for binary masks.

    Raises:
        ValueError: if there is no row, or a mask does not fit its picture.

    Example:

    >>> import pathlib, tempfile
    >>> square = np.zeros((32, 32), np.uint8)
    >>> square[8:24, 8:24] = 1
    >>> row = {"image": np.zeros((32, 32, 3), np.uint8), "prompt": "the square", "truth": square, "prediction": square}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_gallery([row], pathlib.Path(folder) / "gallery.png")
    """
    if not rows:
        raise ValueError(
            "A gallery needs at least one row. Received: rows=[]. Take some of kmm.evaluation.gallery_rows."
        )
    columns = 1 if len(rows) <= 2 else 2
    group = 3 * PANEL + 2 * GAP
    is_short = all(len(row["prompt"]) < group * 11 for row in rows)
    font = {"size": 10, "weight": "bold"} if is_short else {"size": 9}
    titles = [textwrap.wrap(row["prompt"], width=int(group * (11 if is_short else 13))) for row in rows]
    # From top to bottom: the heights of the lines of the gallery, each with its titles and captions.
    lines = [range(first, min(first + columns, len(rows))) for first in range(0, len(rows), columns)]
    heights = [
        (LINE * (max(len(titles[i]) for i in line) + 0.3), PANEL * max(_aspect(rows[i]) for i in line))
        for line in lines
    ]
    legend = _legend_height(class_names, columns * group)
    width = 2 * MARGIN + columns * group + (columns - 1) * MARGIN
    height = MARGIN + sum(title + panel + 1.6 * LINE for title, panel in heights) + legend
    figure = Figure(figsize=(width, height), dpi=130, facecolor="white")
    FigureCanvasAgg(figure)

    top = height - MARGIN / 2
    for line, (title, panel) in zip(lines, heights, strict=True):
        for column, i in enumerate(line):
            left = MARGIN + column * (group + MARGIN)
            text = "\n".join(titles[i])
            figure.text(left / width, (top - title + 0.05) / height, text, va="bottom", parse_math=False, **font)
            for place, (caption, picture) in enumerate(_panels(rows[i], class_names)):
                box_height = PANEL * _aspect(rows[i])
                corner = (left + place * (PANEL + GAP), top - title - box_height)
                axes = figure.add_axes(
                    (corner[0] / width, corner[1] / height, PANEL / width, box_height / height), xticks=[], yticks=[]
                )
                axes.imshow(picture, interpolation="antialiased", aspect="auto")
                axes.spines[:].set(linewidth=0.5, color="0.6")
                axes.set_xlabel(caption, size=8, color="0.3", labelpad=2)
        top -= title + panel + 1.6 * LINE
    if class_names:
        _draw_legend(figure, class_names, columns * group)
    figure.savefig(path, format="png")


def _aspect(row):
    return row["image"].shape[0] / row["image"].shape[1]


def _panels(row, class_names):
    """Captions and pictures of one row.

    Small pictures are enlarged, so that outlines stay thin; binary masks are drawn over a grey picture, so that they
    stand out from objects of every colour.
    """
    factor = max(1, math.ceil(320 / max(row["image"].shape[:2])))
    image, truth, prediction = (
        np.repeat(np.repeat(row[name], factor, axis=0), factor, axis=1) for name in ("image", "truth", "prediction")
    )
    below = image if class_names else grey_picture(image)
    score = row.get("iou")
    score = "" if score is None or math.isnan(score) else f" (IoU {score:.2f})"
    return (
        ("picture", image),
        (_caption("truth", truth, class_names), overlay_mask(below, truth, class_names, TRUTH_COLOR)),
        (
            _caption("prediction", prediction, class_names) + score,
            overlay_mask(below, prediction, class_names, PREDICTION_COLOR),
        ),
    )


def _caption(name, mask, class_names):
    return name if class_names or np.any(mask == 1) else f"{name}: nothing"


def _legend_columns(class_names, width):
    return max(1, min(len(class_names), int(width / (0.4 + 0.065 * max(map(len, class_names))))))


def _legend_height(class_names, width):
    if not class_names:
        return 0
    return (math.ceil(len(class_names) / _legend_columns(class_names, width)) + 0.8) * LINE


def _draw_legend(figure, class_names, width):
    patches = [
        Patch(facecolor=color / 255, edgecolor="0.4", linewidth=0.5, label=name)
        for color, name in zip(class_colors(len(class_names)), class_names, strict=True)
    ]
    figure.legend(
        handles=patches, loc="lower center", ncols=_legend_columns(class_names, width), frameon=False, fontsize=9,
        handlelength=1.2, handleheight=1.0, columnspacing=1.2, labelspacing=0.3, borderaxespad=0.2,
    )  # fmt: skip
