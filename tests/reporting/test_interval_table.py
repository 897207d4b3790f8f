import math

from kmm.reporting.interval_table import interval_table


def test_marks_lie_where_the_numbers_are(parse):
    rows = [
        {"group": "a <group>"},
        {"name": "a <name>", "value": 0.5, "low": 0.25, "high": 0.75, "other": 0.1, "num_samples": 1200},
        {"name": "unknown", "value": None, "low": math.nan, "high": None, "num_samples": 0},
    ]
    page = parse(interval_table(rows, other="beside"))
    marks = [attributes for tag, attributes in page.tags if tag == "i"]
    assert [(mark["class"], mark["style"]) for mark in marks] == [
        ("other", "left: 10.0%"),
        ("range", "left: 25.0%; width: 50.0%"),
        ("dot", "left: 50.0%"),
    ]
    assert "a <group>" in page.text and "1,200" in page.text and "[0.250, 0.750]" in page.text and "–" in page.text


def test_bars_from_zero_and_ends_of_the_scale(parse):
    page = parse(interval_table([{"name": "drop", "value": 0.9, "low": -0.3, "high": 0.9}], scale=(-0.1, 0.3)))
    marks = {attributes["class"]: attributes["style"] for tag, attributes in page.tags if tag == "i"}
    assert marks == {
        "zero": "left: 25.0%",
        "fill": "left: 25.0%; width: 75.0%",
        "range": "left: 0.0%; width: 100.0%",
        "dot": "left: 100.0%",
    }


def test_every_row_has_the_columns_of_the_head(parse):
    rows = [{"name": "a", "value": 0.5}, {"name": "b", "value": 0.5, "other": 0.2, "num_samples": 3}]
    for other in (None, "beside"):
        tags = [tag for tag, _ in parse(interval_table(rows, other=other)).tags]
        assert tags.count("td") == 2 * tags.count("th")
