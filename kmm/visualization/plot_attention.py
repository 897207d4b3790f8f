"""Where in a picture each word is read."""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PANEL, GAP, MARGIN, TITLE = 1.5, 0.06, 0.2, 0.3
"""Width of a panel, distance of panels, margin of the page and height of a title, in inches."""
COLUMNS = 8
"""Panels beside each other: the picture and its words, further words below."""


def plot_attention(rows, path):
    """Writes a PNG file with, for each row and level, the picture and one map of attention for each word.

    A map is drawn over the grey picture, bright where the place attends to the word; all maps of a level share one
    scale, from 0 to the largest share.

    Args:
        rows: dicts with `image`, `prompt`, `words` and `maps`, such as those of `kmm.evaluation.attention_maps`.
        path: the file to write, `.png`.

    Raises:
        ValueError: if there is no row.

    Example:

    >>> import pathlib, tempfile
    >>> maps = {"P2": np.full((4, 4, 2), 0.5)}
    >>> row = {"image": np.zeros((16, 16, 3), np.uint8), "prompt": "a cup", "words": ("a", "cup"), "maps": maps}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_attention([row], pathlib.Path(folder) / "attention.png")
    """
    if not rows:
        raise ValueError(
            "A picture of attention needs at least one row. Received: rows=[]. Take some of "
            "kmm.evaluation.attention_maps."
        )
    blocks = [_block(row, level) for row in rows for level in row["maps"]]
    columns = min(COLUMNS, max(len(panels) for _, panels, _ in blocks))
    width = columns * PANEL + (columns - 1) * GAP + 2 * MARGIN
    counts = [math.ceil(len(panels) / columns) for _, panels, _ in blocks]
    heights = [TITLE + count * (PANEL * aspect + TITLE) for count, (_, _, aspect) in zip(counts, blocks, strict=True)]
    height = sum(heights) + MARGIN
    figure = Figure(figsize=(width, height), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    top = height - MARGIN / 2
    for (title, panels, aspect), block_height in zip(blocks, heights, strict=True):
        figure.text(MARGIN / width, (top - 0.2) / height, title, size=10, weight="bold", parse_math=False)
        for place, (caption, picture, maps, largest) in enumerate(panels):
            line, column = divmod(place, columns)
            bottom = top - TITLE - (line + 1) * (PANEL * aspect + TITLE) + TITLE
            left = MARGIN + column * (PANEL + GAP)
            box = (left / width, bottom / height, PANEL / width, PANEL * aspect / height)
            axes = figure.add_axes(box, xticks=[], yticks=[])
            extent = (0, picture.shape[1], picture.shape[0], 0)
            axes.imshow(picture, interpolation="antialiased", aspect="auto", extent=extent)
            if maps is not None:
                axes.imshow(
                    maps, cmap="inferno", vmin=0, vmax=largest, alpha=0.62, aspect="auto", extent=extent,
                    interpolation="nearest",
                )  # fmt: skip
            axes.spines[:].set(linewidth=0.5, color="0.6")
            axes.set_xlabel(caption, size=8.5, color="0.2", labelpad=2, parse_math=False)
        top -= block_height
    figure.savefig(path, format="png")


def _block(row, level):
    """Title, panels and aspect of one row at one level."""
    maps, image = row["maps"][level], row["image"]
    largest = max(float(maps.max()), 1e-6)
    grey = np.repeat(np.round(image @ np.array([0.299, 0.587, 0.114]))[..., None], 3, axis=-1).astype(np.uint8)
    panels = [("picture", image, None, 0.0)]
    panels += [
        (f"{word} ({maps[..., k].mean():.0%})", grey, maps[..., k], largest) for k, word in enumerate(row["words"])
    ]
    return f"{_short(row['prompt'])}   at {level}", panels, image.shape[0] / image.shape[1]


def _short(text, length=90):
    return text if len(text) <= length else f"{text[:length]}..."
