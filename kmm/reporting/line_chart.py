"""Curves as SVG, in the colours of the page."""

import math

from kmm.reporting.html_elements import escape

WIDTH, HEIGHT = 520, 290
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 38
NUM_COLORS = 8


def line_chart(curves, x_label, y_range=None, x_range=None, dots=False, diagonal=False):
    """Draws curves over a common axis, with a legend below.

    Args:
        curves: dicts with `name`, `xs`, `ys` (nan is a gap), and where wanted `color` (a number), `dashed` and
            `intervals` (a pair of ends or `None` for each point).
        x_label: what the axis shows.
        y_range, x_range: lowest and highest value of an axis; `None` takes those of the curves.
        dots: mark every point.
        diagonal: draw the line of equal values.

    Returns:
        HTML; empty where no curve has a number.

    Example:

    >>> chart = line_chart([{"name": "loss", "xs": [1, 2], "ys": [0.5, 0.25]}], "epoch")
    >>> chart.count("<polyline"), "loss" in chart
    (1, True)
    """
    known = [
        (x, y) for curve in curves for x, y in zip(curve["xs"], curve["ys"], strict=True) if math.isfinite(y)
    ]  # fmt: skip
    if not known:
        return ""
    x_range = x_range or _around([x for x, _ in known])
    y_ticks = _ticks(*(y_range or _around([y for _, y in known])))
    y_range = y_range or (y_ticks[0], y_ticks[-1])

    def at(x, y):
        right = LEFT + (WIDTH - LEFT - RIGHT) * (x - x_range[0]) / (x_range[1] - x_range[0])
        down = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - y_range[0]) / (y_range[1] - y_range[0])
        return right, down

    parts = []
    for tick in y_ticks:
        _, down = at(x_range[0], tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down:.1f}" y2="{down:.1f}"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{down + 4:.1f}" text-anchor="end">{tick:g}</text>')
    whole = all(float(x).is_integer() for x, _ in known)
    for tick in _ticks(*x_range):
        if x_range[0] <= tick <= x_range[1] and not (whole and tick % 1):
            right, _ = at(tick, y_range[0])
            parts.append(f'<text x="{right:.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{tick:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>')
    if diagonal:
        (x1, y1), (x2, y2) = at(x_range[0], y_range[0]), at(x_range[1], y_range[1])
        parts.append(f'<line class="even" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    for place, curve in enumerate(curves):
        parts += _drawn(curve, _color(curve, place), at, dots)
    title = escape(", ".join(curve["name"] for curve in curves))
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{"".join(parts)}</svg>'
    return f"<figure>{svg}{_legend(curves)}</figure>"


def _drawn(curve, color, at, dots):
    for x, ends in zip(curve["xs"], curve.get("intervals", ()), strict=False):
        if ends is not None:
            (across, low), (_, high) = at(x, ends[0]), at(x, ends[1])
            yield f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{low:.1f}" y2="{high:.1f}" style="stroke: {color}"/>'
    runs = [[]]
    for x, y in zip(curve["xs"], curve["ys"], strict=True):
        if math.isfinite(y):
            runs[-1].append(at(x, y))
        elif runs[-1]:
            runs.append([])
    for run in filter(None, runs):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        kind = "curve dashed" if curve.get("dashed") else "curve"
        yield f'<polyline class="{kind}" style="stroke: {color}" points="{points}"/>'
        for x, y in run if dots or len(run) == 1 else ():
            inside = "var(--card)" if curve.get("dashed") else color
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" style="fill: {inside}; stroke: {color}"/>'


def _color(curve, place):
    return f"var(--s{curve.get('color', place) % NUM_COLORS})"


def _legend(curves):
    items = "".join(
        f'<span><b{" class=" + chr(34) + "dashed" + chr(34) if curve.get("dashed") else ""} style="border-color: '
        f'{_color(curve, place)}"></b>{escape(curve["name"])}</span>'
        for place, curve in enumerate(curves)
    )
    return f'<p class="legend">{items}</p>'


def _around(values):
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low, high):
    """Four to eight round numbers that reach from below `low` to above `high`."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]
