import base64
import io
import math

import numpy as np
from PIL import Image

from kmm.reporting.html_elements import (
    bullets,
    class_legend,
    definitions,
    interval,
    number,
    picture,
    side_by_side,
    table,
)


def test_texts_are_escaped(parse):
    nasty = "<script>alert('\"&')</script>"
    blocks = (table([nasty, "n"], [[nasty, 3]]), definitions([(nasty, nasty)]), bullets([nasty]), class_legend([nasty]))
    for block in blocks:
        assert "alert" in parse(block).text


def test_numbers():
    assert number(-0.0001) == "0.000" and number(math.nan) == "–" and number(0.5, 1) == "0.5"
    assert interval(None, 0.5) == "" and interval(0.1, 0.25, 1) == "[0.1, 0.2]"


def test_columns_of_a_table(parse):
    tags = parse(table(["part", "class", "n"], [["a", "B", 1]], num_texts=2)).tags
    assert [attributes.get("class") for tag, attributes in tags if tag == "td"] == [None, None, "number"]


def test_pictures_lie_in_the_page(parse):
    random = np.random.default_rng(0)
    flat, noise = np.zeros((40, 50, 3), np.uint8), random.integers(0, 256, (40, 50, 3), "uint8")
    for pixels, form in ((flat, "png"), (noise, "jpeg")):
        ((_, attributes),) = parse(picture(pixels, "a <thing>")).tags
        head, _, content = attributes["src"].partition(",")
        assert head == f"data:image/{form};base64" and attributes["alt"] == "a <thing>"
        assert Image.open(io.BytesIO(base64.b64decode(content))).size == (50, 40)


def test_blocks_side_by_side(parse):
    assert parse(side_by_side("<p>one</p>", "<p>two</p>")).text == "one two"
