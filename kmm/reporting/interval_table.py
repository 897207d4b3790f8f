"""Scores with their intervals, as numbers and as dots on a scale."""

import math

from kmm.reporting.html_elements import escape, interval, number


def interval_table(rows, name="", score="score", scale=(0.0, 1.0), other=None, samples="samples"):
    """A table whose last column draws each score on one scale.

    A dot is the score, a line its interval, a diamond another score beside it. Where the scale crosses 0, a bar goes
    from there. Narrow screens show fewer columns.

    Args:
        rows: dicts with `name` and `value`, and where known `low`, `high`, `other` and `num_samples`; a dict with
            `group` alone is a line between rows.
        name, score, samples: what the columns are called.
        scale: the lowest and the highest value of the scale.
        other: what `other` is; `None` for no such column.

    Returns:
        HTML.

    Example:

    >>> text = interval_table([{"name": "all", "value": 0.5, "low": 0.4, "high": 0.6, "num_samples": 10}])
    >>> "[0.400, 0.600]" in text, "left: 50.0%" in text
    (True, True)
    """
    with_samples = any("num_samples" in row for row in rows)
    cells = [
        f"<th>{escape(name)}</th>",
        f'<th class="number">{escape(score)}</th>',
        '<th class="number extra">95 %</th>',
    ]
    if other:
        cells.append(f'<th class="number">{escape(other)}</th>')
    if with_samples:
        cells.append(f'<th class="number extra">{escape(samples)}</th>')
    ends = "".join(f"<span>{end:g}</span>" for end in scale)
    cells.append(f'<th class="chart"><div class="scale">{ends}</div></th>')
    body = "".join(_row(row, scale, bool(other), with_samples, len(cells)) for row in rows)
    return f'<div class="scroll"><table><thead><tr>{"".join(cells)}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(row, scale, with_other, with_samples, num_cells):
    if "group" in row:
        return f'<tr class="group"><td colspan="{num_cells}">{escape(row["group"])}</td></tr>'
    low, high = row.get("low"), row.get("high")
    cells = [f"<td>{escape(row['name'])}</td>", f'<td class="number strong">{number(row["value"])}</td>']
    cells.append(f'<td class="number soft extra">{interval(_known(low), _known(high))}</td>')
    if with_other:
        cells.append(f'<td class="number soft">{number(row.get("other"))}</td>')
    if with_samples:
        cells.append(f'<td class="number soft extra">{number(row.get("num_samples"), 0)}</td>')
    cells.append(f'<td class="chart"><div class="track">{"".join(_marks(row, scale))}</div></td>')
    return f"<tr>{''.join(cells)}</tr>"


def _marks(row, scale):
    def place(value):
        return 100 * min(1.0, max(0.0, (value - scale[0]) / (scale[1] - scale[0])))

    value, low, high, other = (_known(row.get(key)) for key in ("value", "low", "high", "other"))
    if scale[0] < 0 < scale[1]:
        yield f'<i class="zero" style="left: {place(0):.1f}%"></i>'
        if value is not None:
            ends = sorted((place(0), place(value)))
            yield f'<i class="fill" style="left: {ends[0]:.1f}%; width: {ends[1] - ends[0]:.1f}%"></i>'
    if other is not None:
        yield f'<i class="other" style="left: {place(other):.1f}%"></i>'
    if low is not None and high is not None:
        yield f'<i class="range" style="left: {place(low):.1f}%; width: {max(0.0, place(high) - place(low)):.1f}%"></i>'
    if value is not None:
        yield f'<i class="dot" style="left: {place(value):.1f}%"></i>'


def _known(value):
    return None if value is None or math.isnan(value) else value
