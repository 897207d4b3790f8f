import math

import pytest

from kmm.reporting.line_chart import HEIGHT, WIDTH, line_chart


def polylines(page):
    texts = [attributes["points"] for tag, attributes in page.tags if tag == "polyline"]
    return [[tuple(map(float, pair.split(","))) for pair in text.split()] for text in texts]


def test_curves_lie_in_the_frame_and_break_at_gaps(parse):
    ys = [1.0, 0.5, math.nan, 0.25, 0.0]
    page = parse(line_chart([{"name": "a <loss>", "xs": [1, 2, 3, 4, 5], "ys": ys}], "epoch"))
    first, second = polylines(page)
    assert len(first) == len(second) == 2 and "a <loss>" in page.text
    assert first[0][1] < first[1][1] < second[0][1] < second[1][1]  # lower values stand lower
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in first + second)


@pytest.mark.parametrize("ys", [[0.2], [3.0, 3.0]])
def test_one_point_and_one_value(ys, parse):
    page = parse(line_chart([{"name": "loss", "xs": list(range(len(ys))), "ys": ys, "dashed": True}], "epoch"))
    assert all(math.isfinite(value) for line in polylines(page) for point in line for value in point)
    assert [tag for tag, _ in page.tags].count("circle") == (1 if len(ys) == 1 else 0)


def test_intervals_dots_and_the_diagonal(parse):
    curve = {"name": "frequency", "xs": [0.1, 0.9], "ys": [0.2, 0.8], "intervals": [[0.1, 0.3], None]}
    tags = parse(line_chart([curve], "probability", (0.0, 1.0), (0.0, 1.0), dots=True, diagonal=True)).tags
    lines = [attributes for tag, attributes in tags if tag == "line"]
    assert sum(line.get("class") == "even" for line in lines) == 1
    assert sum("stroke" in line.get("style", "") for line in lines) == 1
    assert [tag for tag, _ in tags].count("circle") == 2


def test_nothing_to_draw():
    assert line_chart([{"name": "loss", "xs": [1], "ys": [math.nan]}], "epoch") == ""
    assert line_chart([], "epoch") == ""
