import numpy as np
import pytest

from kmm.data.class_list import ClassList
from kmm.data.files.coco_entry import CocoEntry
from kmm.data.files.mask_spec import MaskSpec

NOUNS = ClassList.from_json([{"name": "dog"}, {"name": "cat"}]).entries
LEFT = MaskSpec(polygons=[[0, 0, 2, 0, 2, 4, 0, 4]])


def test_words():
    entry = CocoEntry("a: 1", "1.png", NOUNS, (0,), (LEFT,), (False,), (("sleepy",),), ("a: 7",), negatives=0)
    assert entry.texts == (("sleepy", "phrase"),)
    words = entry.words((4, 10), 1)
    texts, kinds, masks = words.draw(np.random.default_rng(0), 6)
    assert "sleepy" in texts and set(kinds) == {"class", "position", "phrase"}
    assert masks.shape == (6, 4, 10) and (masks[:, :, :2] == 1).all() and not masks[:, :, 2:].any()


def test_turned_pictures():
    words = CocoEntry("a: 1", "1.png", NOUNS, (0,), (LEFT,), absent=(), negatives=0).words((4, 10), 6)
    assert {t.texts[0] for t in words.targets} == {"the dog"}  # upright it spans the width, above
    mask = words.draw(np.random.default_rng(0), 1)[2][0]
    assert mask.shape == (10, 4) and (mask[:2] == 1).all() and not mask[2:].any()


def test_what_is_known_of_absence():
    entry = CocoEntry("a: 1", "1.png", NOUNS, (0,), (LEFT,), absent=(), incomplete=(0,))
    assert [t.texts[0] for t in entry.words((4, 10), 1).targets] == ["the dogs"]


def test_errors_name_the_annotation():
    bad = MaskSpec(polygons=[[0, 0, 2, 0]])
    entry = CocoEntry("a: image id 1", "1.png", NOUNS, (0, 0), (LEFT, bad), places=("a: id 7", "a: id 8"))
    with pytest.raises(ValueError, match="^a: id 8: A polygon must have three points"):
        entry.words((4, 10), 1)
    with pytest.raises(ValueError, match="^a: image id 1: A polygon must have three points"):
        CocoEntry("a: image id 1", "1.png", NOUNS, (0,), (bad,)).words((4, 10), 1)
