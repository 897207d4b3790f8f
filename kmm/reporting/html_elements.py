"""Pieces of a page: every text is escaped, every picture lies in the page itself."""

import base64
import html
import io
import math
import re

import numpy as np

from kmm.visualization import class_colors

JPEG_QUALITY = 82


def escape(text):
    """A text as HTML shows it.

    >>> escape("<b>")
    '&lt;b&gt;'
    """
    return html.escape(str(text), quote=True)


def number(value, digits=3):
    """A number for readers, a dash for what is not known.

    >>> number(0.12345), number(None), number(1234567, 0), number(-0.00001)
    ('0.123', '–', '1,234,567', '0.000')
    """
    return "–" if value is None or math.isnan(value) else f"{round(value, digits) + 0.0:,.{digits}f}"


def interval(low, high, digits=3):
    """An interval for readers.

    >>> interval(0.5, 0.75, 2), interval(None, None)
    ('[0.50, 0.75]', '')
    """
    return "" if low is None or high is None else f"[{number(low, digits)}, {number(high, digits)}]"


def paragraph(text, kind=""):
    """A paragraph; `kind` is a class of the style sheet, such as "note" or "says good".

    >>> paragraph("a < b, see `c`", "note")
    '<p class="note">a &lt; b, see <code>c</code></p>'
    """
    return f"<p{_class(kind)}>{_with_code(text)}</p>"


def heading(text):
    """A heading within a section.

    >>> heading("Worst")
    '<h3>Worst</h3>'
    """
    return f"<h3>{escape(text)}</h3>"


def bullets(texts):
    """A list of sentences."""
    return "<ul>" + "".join(f"<li>{_with_code(text)}</li>" for text in texts) + "</ul>"


def definitions(pairs):
    """Names with what they stand for; what is empty is left out.

    >>> definitions([("size", "96 x 96"), ("words", None)])
    '<dl><dt>size</dt><dd>96 x 96</dd></dl>'
    """
    shown = [(name, text) for name, text in pairs if text not in (None, "")]
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in shown) + "</dl>"


def table(header, rows, num_texts=1):
    """A table whose first columns are texts, to the left, and the others numbers, to the right.

    Args:
        header: names of the columns.
        rows: lists of cells.
        num_texts: how many columns are texts.
    """
    kinds = [_class("" if place < num_texts else "number") for place in range(len(header))]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, header, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _class(kind):
    return f' class="{escape(kind)}"' if kind else ""


def _with_code(text):
    """Escaped, and what stands between backticks set as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def side_by_side(*blocks):
    """Blocks in columns, one below the other on a phone."""
    return f'<div class="columns">{"".join(f"<div>{block}</div>" for block in blocks)}</div>'


def picture(pixels, alt, kind=""):
    """A picture that lies in the page, as PNG or JPEG, whichever is smaller.

    Args:
        pixels: uint8 `(height, width, 3)`.
        alt: what is to be seen.
        kind: a class of the style sheet.
    """
    form, content = min(_encodings(np.asarray(pixels)), key=lambda pair: len(pair[1]))
    return _image(form, content, alt, kind)


def _image(form, content, alt, kind):
    encoded = base64.b64encode(content).decode("ascii")
    return f'<img{_class(kind)} alt="{escape(alt)}" src="data:image/{form};base64,{encoded}">'


def _encodings(pixels):
    from PIL import Image

    for form, options in (("png", {}), ("jpeg", {"quality": JPEG_QUALITY, "optimize": True})):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, form, **options)
        yield form, file.getvalue()


def class_legend(class_names):
    """The colours in which classes are drawn."""
    patches = "".join(
        f'<span><b class="patch" style="background: rgb({red}, {green}, {blue})"></b>{escape(name)}</span>'
        for name, (red, green, blue) in zip(class_names, class_colors(len(class_names)).tolist(), strict=True)
    )
    return f'<p class="legend">{patches}</p>'
