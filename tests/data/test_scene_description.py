import re

import numpy as np
import pytest

from kmm.data.class_list import ClassList
from kmm.data.scene_description import (
    MAX_WORDS,
    SceneDescription,
    description_texts,
    place,
    stuff_amounts,
    thing_amounts,
)

CLASSES = ClassList.from_json(
    {
        "scene": "street",
        "middle": ["ahead"],
        "classes": [
            "sky",
            {"name": "road", "stuff": True, "wide": True},
            {"name": "tree", "plural": "trees", "stuff": True, "synonyms": [["greenery", "greenery"]]},
            {"name": "car", "max_aspect": 2.0},
            {"name": "owl"},
        ],
    }
)


def street():
    mask = np.zeros((30, 60), np.uint8)
    mask[15:] = 1
    mask[5:15, :12] = 2
    mask[14:17, 25:29] = mask[14:17, 32:36] = 3
    mask[20:29, 50:58] = 4
    return mask


def texts_of(mask, count=60):
    description = SceneDescription(mask, CLASSES)
    return [description.text(np.random.default_rng(k)) for k in range(count)]


def test_says_what_where_and_how_much():
    for text in texts_of(street()):
        assert "a very wide road" in text and "everywhere" in text and "a vast amount of sky" in text
        assert "medium trees" in text or "some greenery" in text
        assert "two cars" in text and "ahead" in text
        assert "a big owl" in text or "a near owl" in text
        assert "on the left" in text and "on the right" in text


def test_wording_and_order_vary():
    texts = texts_of(street())
    assert len(set(texts)) > 30
    assert any("two cars ahead" in text for text in texts) and any(text.startswith("a street with") for text in texts)
    assert texts == texts_of(street())


def test_a_mirrored_picture_swaps_left_and_right():
    swap = {"left": "right", "right": "left"}
    for text, mirrored in zip(texts_of(street()), texts_of(street()[:, ::-1]), strict=True):
        assert re.sub("left|right", lambda word: swap[word[0]], text) == mirrored


def test_long_lists_stay_short():
    classes = ClassList.from_json([f"class {name}" for name in "abcdefghijk"])
    mask = np.random.default_rng(0).integers(0, 11, (40, 60)).astype(np.uint8)
    description = SceneDescription(mask, classes)
    lengths = [len(description.text(np.random.default_rng(k)).split()) for k in range(50)]
    assert max(lengths) <= MAX_WORDS + 5


def test_ignored_pixels_and_specks_are_not_named():
    mask = np.full((100, 100), 255, np.uint8)
    assert set(texts_of(mask)) == {"a street with nothing", "a street showing nothing", "nothing"}
    mask[:50], mask[99, 99] = 0, 4
    assert all("sky" in text and "owl" not in text for text in texts_of(mask))


@pytest.mark.parametrize(
    "shares, words",
    [
        ([1.0, 0.0, 0.0], "on the left"),
        ([0.0, 0.9, 0.1], "{middle}"),
        ([0.0, 0.25, 0.75], "mostly on the right"),
        ([0.5, 0.0, 0.5], "on both sides"),
        ([0.6, 0.18, 0.22], "on the left"),
        ([0.5, 0.5, 0.0], "towards the left"),
        ([0.1, 0.4, 0.5], "towards the right"),
        ([0.55, 0.25, 0.2], "mostly on the left"),
        ([0.33, 0.33, 0.33], "everywhere"),
    ],
)
def test_places(shares, words):
    assert place(np.array(shares)) == words


def test_amounts():
    sky, road, tree, car, owl = CLASSES.entries
    assert stuff_amounts(sky, 0.02) == ("a little sky",)
    assert stuff_amounts(road, 0.2) == ("a wide road",)
    assert stuff_amounts(tree, 0.4) == ("huge trees", "a vast amount of greenery")
    assert thing_amounts(car, 2, 0.01) == ("two cars",)
    assert thing_amounts(car, 9, 0.001) == ("many small cars", "many distant cars")
    assert thing_amounts(owl, 1, 0.01) == ("an owl",)


def test_words_that_are_plurals():
    boots = ClassList.from_json(["boots", "hair"], things=True).entries
    assert stuff_amounts(boots[0], 0.02) == ("small boots",) and stuff_amounts(boots[1], 0.02) == ("a little hair",)


def test_own_templates():
    templates = {"description": ("picture: {}", "{} in the {scene}")}
    description = SceneDescription(street(), CLASSES, templates)
    texts = [description.text(np.random.default_rng(k)) for k in range(20)]
    assert {text.startswith("picture: ") or text.endswith(" in the street") for text in texts} == {True}
    assert {text.startswith("picture: ") for text in texts} == {True, False}
    words = {word for text in description_texts(CLASSES, templates) for word in text.split()}
    assert {"picture:", "in", "street"} <= words and "showing" not in words


def test_a_row_of_cars_is_several():
    mask = np.ones((30, 60), np.uint8)
    mask[10:12, 5:25] = 3
    assert all("several" in text for text in texts_of(mask))


def test_vocabulary_holds_every_word():
    known = {word for text in description_texts(CLASSES) for word in text.split()}
    rng = np.random.default_rng(0)
    for _ in range(40):
        blocks = rng.integers(0, 5, (rng.integers(1, 5), rng.integers(1, 7)))
        mask = np.kron(blocks, np.ones((8, 8))).astype(np.uint8)
        for text in texts_of(mask, count=5):
            assert set(text.replace(",", "").split()) <= known


def test_ignored_classes_are_not_in_the_vocabulary():
    classes = ClassList.from_json({"ignore": [1], "classes": ["sky", "void"]})
    assert not [text for text in description_texts(classes) if "void" in text]
