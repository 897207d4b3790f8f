import types

from kmm.data import ShapesSource
from kmm.reporting.sections import data_card as module


def test_what_the_data_hold(referring, change, parse):
    source = ShapesSource((32, 32), num_train=4, num_val=3, num_test=2)
    section = module.data_card(change(referring, source=source, limit=2))
    assert section.data["read"] == 2 and section.data["splits"]["train"]["pictures"] == 4
    text = parse("".join(section.blocks)).text
    assert "32 x 32" in text and "position" in text and "first 2 pictures" in text


def test_classes_and_flaws(semantic, monkeypatch, parse):
    split = {"pictures": 9, "read": 9, "texts": 9, "height": [], "width": []}
    problems = [{"kind": "bad record", "where": f"{number}.png", "message": "cut <off>"} for number in range(12)]
    found = types.SimpleNamespace(
        splits={"val": split}, phrases={}, problems=problems, counts={}, ignored_share=0.0,
        warnings=[{"kind": "class", "where": "car", "message": "no picture of train shows this class"}],
        classes=[
            {"name": "sky", "pixels": 3, "share": 0.25, "pictures": {"val": 2}},
            {"name": "<road>", "pixels": 9, "share": 0.75, "pictures": {"val": 9}},
        ],
    )  # fmt: skip
    monkeypatch.setattr(module, "check_source", lambda source, limit: found)
    text = parse("".join(module.data_card(semantic).blocks)).text
    assert text.index("<road>") < text.index("25.00%") and "0.png: cut <off>" in text
    assert "and 4 more" in text and "car: no picture of train" in text
