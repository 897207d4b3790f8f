"""Which words of a prompt decide on the answer, drawn for single pictures."""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kmm.visualization.grey_picture import grey_picture
from kmm.visualization.overlay_mask import PREDICTION_COLOR, overlay_mask

PANEL, GAP, MARGIN, LINE = 2.1, 0.06, 0.25, 0.26
"""Width of a panel, distance of panels, margin of the page and height of a line of text, in inches."""
PANELS = 4


def plot_word_importance(rows, path, class_names=()):
    """Writes a PNG file with, for each row, the prompt with its words coloured by weight above the masks.

    A word is the darker, the more the mask changes without it. Below stand the picture, the answer to all words, and
    the answers without the two words that change most.

    Args:
        rows: dicts with `image`, `mask` and `words`, such as those of `kmm.evaluation.word_importance`.
        path: the file to write, `.png`.
        class_names: names in the order of their ids; empty for binary masks.

    Raises:
        ValueError: if there is no row.

    Example:

    >>> import pathlib, tempfile
    >>> mask = np.eye(16, dtype=np.uint8)
    >>> row = {"image": np.zeros((16, 16, 3), np.uint8), "mask": mask}
    >>> words = [{"word": "the", "change": 0.0, "mask": mask}, {"word": "line", "change": 0.9, "mask": 0 * mask}]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_word_importance([{**row, "words": words}], pathlib.Path(folder) / "words.png")
    """
    if not rows:
        raise ValueError(
            "A picture of words needs at least one row. Received: rows=[]. Take some of kmm.evaluation.word_importance."
        )
    width = PANELS * PANEL + (PANELS - 1) * GAP + 2 * MARGIN
    lines = [_lines(row["words"], width - 2 * MARGIN) for row in rows]
    aspects = [row["image"].shape[0] / row["image"].shape[1] for row in rows]
    heights = [LINE * (len(of_row) + 1.6) + PANEL * aspect for of_row, aspect in zip(lines, aspects, strict=True)]
    height = sum(heights) + MARGIN
    figure = Figure(figsize=(width, height), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    top = height - MARGIN / 2
    for row, of_row, aspect, row_height in zip(rows, lines, aspects, heights, strict=True):
        for number, line in enumerate(of_row):
            _write(figure, line, MARGIN, top - LINE * (number + 0.6), (width, height))
        bottom = top - LINE * (len(of_row) + 0.2) - PANEL * aspect
        for place, (caption, picture) in enumerate(_panels(row, class_names)):
            left = MARGIN + place * (PANEL + GAP)
            box = (left / width, bottom / height, PANEL / width, PANEL * aspect / height)
            axes = figure.add_axes(box, xticks=[], yticks=[])
            axes.imshow(picture, interpolation="antialiased", aspect="auto")
            axes.spines[:].set(linewidth=0.5, color="0.6")
            axes.set_xlabel(caption, size=8, color="0.3", labelpad=2, parse_math=False)
        top -= row_height
    figure.savefig(path, format="png")


def _lines(words, width):
    """The words in lines that fit the width, each with its place on the line in inches."""
    lines, left = [[]], 0.0
    for word in words:
        room = 0.089 * len(word["word"]) + 0.16
        if left + room > width and lines[-1]:
            lines.append([])
            left = 0.0
        lines[-1].append((left, room, word))
        left += room + 0.05
    return lines


def _write(figure, line, margin, y, size):
    for left, room, word in line:
        strength = min(1.0, max(0.0, word["change"]))
        box = {"boxstyle": "round,pad=0.22", "linewidth": 0, "facecolor": _shade(strength)}
        figure.text(
            (margin + left + room / 2) / size[0], y / size[1], word["word"], size=10, family="monospace", ha="center",
            va="center", color="white" if strength > 0.6 else "black", bbox=box, parse_math=False,
        )  # fmt: skip


def _shade(strength):
    """From light grey to the colour of predictions, darker beyond."""
    low, high = np.array([0.93, 0.93, 0.93]), np.array([0.80, 0.33, 0.0])
    return tuple(low + (high - low) * strength**0.7)


def _panels(row, class_names):
    factor = max(1, math.ceil(320 / max(row["image"].shape[:2])))

    def drawn(mask):
        image, mask = (np.repeat(np.repeat(array, factor, axis=0), factor, axis=1) for array in (row["image"], mask))
        if not class_names:
            image = grey_picture(image)
        return overlay_mask(image, mask, class_names, PREDICTION_COLOR)

    picture = np.repeat(np.repeat(row["image"], factor, axis=0), factor, axis=1)
    nothing = "" if class_names or np.any(row["mask"] == 1) else ": nothing"
    panels = [("picture", picture), (f"all words{nothing}", drawn(row["mask"]))]
    for word in sorted(row["words"], key=lambda word: -word["change"])[: PANELS - 2]:
        panels.append((f"without {word['word']!r}: {word['change']:.0%} changed", drawn(word["mask"])))
    return panels
