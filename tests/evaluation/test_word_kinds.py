import pytest

from kmm.data import ShapesSource
from kmm.evaluation.word_kinds import WORD_KINDS, plain_word, word_kind

WORDS = {
    "class": "circle squares crosses car buildings sidewalk person man shape Dogs, pedestrian sky",
    "colour": "red reddish dark-blue grey orange colourful",
    "position": "left Rightmost left-hand bottom-left top upper middle corner furthest highest leftmost east",
    "number": "two both all three 12 second last several 1st",
    "size": "large largest tiny biggest small narrow wide tallest huge medium",
    "texture": "striped dotted plain wooden",
    "relation": "above below under beside behind near between over",
    "other": "the of to a leftover wonderful",
}


@pytest.mark.parametrize("kind", WORD_KINDS)
def test_kinds(kind):
    assert {word: word_kind(word) for word in WORDS[kind].split()} == dict.fromkeys(WORDS[kind].split(), kind)


def test_class_names_come_first():
    assert word_kind("orange") == "colour" and word_kind("orange", ["orange"]) == "class"
    assert word_kind("gizmos", ["blue_gizmo"]) == "class" and word_kind("gizmos") == "other"


def test_every_word_of_shapes_has_a_kind():
    words = {word for text in ShapesSource((32, 32)).prompts("train", limit=200) for word in text.split()}
    assert {word for word in words if word_kind(word) == "other"} <= {"the", "to", "of"}


def test_words_without_punctuation():
    assert [plain_word(word) for word in ("Left,", "left-hand", "'car'", "...")] == ["left", "left-hand", "car", ""]
