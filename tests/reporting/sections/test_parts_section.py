import math

import pytest

from kmm.evaluation import score_of
from kmm.reporting.sections.parts_section import parts_section


def test_kinds(referring, parse):
    section = parts_section(referring)
    attribute, absent = section.data["rows"]
    assert (attribute["name"], attribute["score_name"], attribute["num_samples"]) == ("attribute", "overall_iou", 3)
    assert attribute["score"] == pytest.approx(26 / 33, abs=1e-6)
    assert (absent["name"], absent["score_name"]) == ("absent", "no_target_accuracy")
    assert absent["score"] == pytest.approx(2 / 3, abs=1e-6)
    text = parse("".join(section.blocks)).text
    assert "absent (share of empty answers)" in text and "0.788" in text and "0.667" in text


def test_classes(semantic, parse):
    section = parts_section(semantic)
    sky, road, car = section.data["rows"]
    assert sky["score"] == score_of(semantic.scores, "class_iou/sky") and math.isnan(car["score"])
    assert sky["share_of_pixels"] + road["share_of_pixels"] == pytest.approx(1) and car["num_samples"] == 0
    text = parse("".join(section.blocks)).text
    assert "road <x>" in text and "Neither there nor answered: car." in text
