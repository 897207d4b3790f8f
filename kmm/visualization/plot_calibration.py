"""Probabilities against how often they come true."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kmm.visualization.finish_figure import finish_figure

BLUE, RED, GREY = "#1f5fa8", "#c0392b", "0.55"
WHAT = {
    "referring": ("probability of the target", "share of pixels in the target"),
    "semantic": ("probability of the answer", "share of pixels that are right"),
}


def plot_calibration(result, path, title=""):
    """Writes a PNG file with a reliability diagram, and below it the share of the pixels in each bin.

    On the dashed diagonal probabilities are what they say. Red strokes are the distances whose mean over the pixels is
    the expected error, and vertical bars the intervals of the frequencies.

    Args:
        result: what `kmm.evaluation.calibration` gives.
        path: the file to write, `.png`.
        title: text above the diagram.

    Raises:
        ValueError: if no bin holds a pixel.

    Example:

    >>> import pathlib, tempfile
    >>> one = {"low": 0, "high": 1, "probability": 0.6, "frequency": 0.5, "interval": [0.4, 0.6], "share": 1.0}
    >>> result = {"task": "referring", "expected_error": 0.1, "expected_error_interval": None, "maximum_error": 0.1}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_calibration({**result, "bins": [one]}, pathlib.Path(folder) / "calibration.png")
    """
    bins = [of_bin for of_bin in result["bins"] if of_bin["share"] > 0]
    if not bins:
        raise ValueError(
            f"A reliability diagram needs at least one bin with a pixel. Received: {len(result['bins'])} bins without. "
            "Give what kmm.evaluation.calibration returns."
        )
    figure = Figure(figsize=(5.2, 6.8), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    curve, shares = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
    _draw_curve(curve, result, bins)
    shares.bar(
        [of_bin["low"] for of_bin in bins], [of_bin["share"] for of_bin in bins], align="edge", color=BLUE, alpha=0.75,
        width=[of_bin["high"] - of_bin["low"] for of_bin in bins], edgecolor="white",
    )  # fmt: skip
    shares.set_yscale("log")
    shares.set_ylim(min(of_bin["share"] for of_bin in bins) / 2, 1.6)
    shares.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    shares.set_ylabel("share of pixels")
    shares.set_xlabel(WHAT[result["task"]][0])
    finish_figure(figure, (curve, shares), title, path)


def _draw_curve(axes, result, bins):
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1.2)
    for of_bin in bins:
        probability, frequency = of_bin["probability"], of_bin["frequency"]
        axes.plot(
            [probability, probability],
            [probability, frequency],
            color=RED,
            linewidth=5,
            alpha=0.35,
            zorder=1,
            solid_capstyle="butt",
        )
        if of_bin["interval"]:
            axes.plot([probability, probability], of_bin["interval"], color=BLUE, linewidth=1.3, zorder=2)
    places = [of_bin["probability"] for of_bin in bins]
    axes.plot(
        places, [of_bin["frequency"] for of_bin in bins], "o-", color=BLUE, linewidth=1.6, markersize=5.5, zorder=3
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_ylabel(WHAT[result["task"]][1])
    interval = result["expected_error_interval"]
    interval = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    text = f"expected error {result['expected_error']:.3f}{interval}\nmaximum error {result['maximum_error']:.3f}"
    axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", size=9.5)
