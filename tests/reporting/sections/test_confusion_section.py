import dataclasses

import numpy as np

from kmm.reporting.sections.confusion_section import MOST, confusion_section


def test_pixels_and_whole_answers(referring, parse):
    section = confusion_section(referring)
    assert section.data["pixels"] == [[562, 9], [3, 26]]
    assert section.data["answers"] == [[2, 1], [0, 3]]
    text = parse("".join(section.blocks)).text
    assert "names nothing" in text and "some answer" in text


def test_classes_and_the_commonest_mistakes(semantic, parse):
    section = confusion_section(semantic)
    pixels = np.array(section.data["pixels"])
    assert np.array_equal(pixels, semantic.scores.confusion.sum(axis=0))
    text = parse("".join(section.blocks)).text
    first = "sky taken for road <x>" if pixels[0, 1] >= pixels[1, 0] else "road <x> taken for sky"
    assert f"Commonest mistakes: {first}" in text


def test_only_the_most_frequent_of_many_classes_are_drawn(semantic, change, parse):
    names = tuple(f"class {number}" for number in range(MOST + 4))
    scores = dataclasses.replace(semantic.scores, class_names=names, confusion=np.eye(MOST + 4)[None].repeat(4, axis=0))
    page = parse("".join(confusion_section(change(semantic, scores=scores)).blocks))
    assert [tag for tag, _ in page.tags].count("td") == MOST**2 and f"{MOST} most frequent of {MOST + 4}" in page.text
    assert "mistakes" not in page.text
