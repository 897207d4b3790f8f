"""A load as a picture."""

BLUE, RED, GREY = "#1f5fa8", "#c0392b", "0.35"
SHOWN = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
MOST_POINTS = 20_000
"""How many requests are drawn at most; of more, evenly spread ones."""


def plot_load(report, path, title=""):
    """Writes a PNG file with two panels: the latency of every request over time, and the share of answers within it.

    Blue dots are answers; red crosses are errors, at the time they took. The second panel counts answers only.

    Args:
        report: what `measure_load` returns.
        path: the file to write, `.png`.
        title: text above the panels.

    Example:

    >>> import pathlib, tempfile
    >>> from kmm.serving.load.load_report import load_report
    >>> report = load_report([{"start": 0.01 * index, "latency": 0.02, "answer": "OK"} for index in range(9)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_load(report, pathlib.Path(folder) / "load.png")
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from kmm.visualization.finish_figure import finish_figure

    figure = Figure(figsize=(11, 4.2), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    over_time, shares = figure.subplots(1, 2, width_ratios=(1.6, 1))
    _draw_over_time(over_time, report)
    _draw_shares(shares, report)
    finish_figure(figure, (over_time, shares), title, path)


def _draw_over_time(axes, report):
    samples = report["samples"]
    places = range(0, len(samples["start"]), 1 + len(samples["start"]) // MOST_POINTS)
    for is_answer, marker, color, label in ((True, ".", BLUE, "answered"), (False, "x", RED, "error")):
        shown = [place for place in places if (samples["answer"][place] == "OK") == is_answer]
        if shown:
            x, y = ([samples[name][place] for place in shown] for name in ("start", "latency_ms"))
            axes.plot(x, y, marker, color=color, markersize=4, alpha=0.6, mew=0 if is_answer else 1.2, label=label)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("start of the request, s")
    axes.set_ylabel("latency, ms")
    if report["errors"]:
        axes.legend(frameon=False, fontsize=9)


def _draw_shares(axes, report):
    samples = report["samples"]
    answered = zip(samples["latency_ms"], samples["answer"], strict=True)
    latencies = sorted(latency for latency, answer in answered if answer == "OK")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("latency, ms")
    axes.set_ylabel("share of answers within it")
    if not latencies:
        axes.text(0.5, 0.5, "no request was answered", transform=axes.transAxes, ha="center", color=RED)
        return
    axes.step([latencies[0], *latencies], [place / len(latencies) for place in range(len(latencies) + 1)], color=BLUE)
    for name, share in SHOWN.items():
        latency = report["latency_ms"][name]
        axes.plot([latency, latency], [0, share], color=GREY, linewidth=1, linestyle=":")
        axes.annotate(
            f"{name} {latency:.1f}", (latency, share), (5, -11), textcoords="offset points", size=9, color=GREY
        )
    axes.set_xlim(left=0)
