"""A confusion matrix as a table of coloured cells."""

import numpy as np

from kmm.reporting.html_elements import escape

UPRIGHT, DENSE = 4, 12
"""From so many columns on, their names stand upright, and cells are small."""


def heat_map(matrix, row_names, column_names, corner="true / answered"):
    """Draws each row's shares: how often what the row names was answered by what the column names.

    Args:
        matrix: counts `(num_rows, num_columns)`; a row without any stays empty.
        row_names, column_names: what rows and columns stand for.
        corner: what both are.

    Returns:
        HTML.

    Example:

    >>> text = heat_map(np.array([[3, 1], [0, 0]]), ["sky", "car"], ["sky", "car"])
    >>> text.count("75"), text.count('class="cell')
    (1, 4)
    """
    matrix = np.asarray(matrix, float)
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.full(matrix.shape, np.nan), where=totals > 0)
    upright = "column" if len(column_names) >= UPRIGHT else "short"
    columns = "".join(f'<th class="{upright}"><span>{escape(name)}</span></th>' for name in column_names)
    rows = "".join(
        f'<tr><th class="row">{escape(name)}</th>{"".join(map(_cell, own))}</tr>'
        for name, own in zip(row_names, shares, strict=True)
    )
    kind = "matrix dense" if len(column_names) >= DENSE else "matrix"
    head = f'<tr><th class="row">{escape(corner)}</th>{columns}</tr>'
    return f'<div class="scroll"><table class="{kind}"><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _cell(share):
    if np.isnan(share):
        return '<td class="cell"></td>'
    text = f"{100 * share:.0f}" if share >= 0.095 else f"{100 * share:.1f}"
    if share < 0.0005:
        return '<td class="cell">·</td>'
    if share > 0.45:
        return f'<td class="cell dark" style="background: {_mixed(share)}">{text}</td>'
    return f'<td class="cell" style="background: rgba(var(--accent-rgb), {0.04 + 0.9 * share:.3f})">{text}</td>'


def _mixed(share):
    """A blue that white letters stand out from, darker for larger shares."""
    light, dark = np.array((86, 140, 200)), np.array((22, 72, 132))
    red, green, blue = np.round(light + (dark - light) * (share - 0.45) / 0.55).astype(int)
    return f"rgb({red}, {green}, {blue})"
