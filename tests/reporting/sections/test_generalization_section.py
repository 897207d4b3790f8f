from kmm.data import ShapesSource
from kmm.reporting.sections.generalization_section import generalization_section


def test_length_and_size(referring, parse):
    section = generalization_section(referring)
    rows = {(row["group"], row["name"]): row for row in section.data["rows"]}
    assert rows["length", "1 to 2 words"]["num_samples"] == 3
    assert rows["size", "large (from 10 %)"]["score"] == 1.0
    text = parse("".join(section.blocks)).text
    assert "by the length of the phrase" in text and "no target (share of empty answers)" in text


def test_combinations_that_shapes_hold_out(referring, change):
    context = change(referring, source=ShapesSource((32, 32)), split="test")
    assert {row["group"] for row in generalization_section(context).data["rows"]} == {"length", "size"}


def test_one_group_is_no_group(semantic):
    assert generalization_section(semantic) is None
