import numpy as np
import pytest

from kmm.data.class_list import ClassList
from kmm.data.mask_phrases import SHARES, MaskPhrases, absent_texts, check_templates

CLASSES = ClassList.from_json(
    ["road", {"name": "car", "synonyms": ["vehicle"]}, {"name": "tree", "plural": "trees", "stuff": True}, "sky"]
)


def scene(*boxes, size=(40, 60)):
    """Road with boxes (class id, top, left, bottom, right) drawn on it."""
    mask = np.zeros(size, np.uint8)
    for class_id, top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = class_id
    return mask


def phrases(*boxes, templates=None, **kwargs):
    """Every text that can be asked, with its kind and the mask it must have."""
    made = MaskPhrases(scene(*boxes, **kwargs), CLASSES, templates)
    targets = [(kind, target, made._target_mask(target)) for kind, found in made.targets.items() for target in found]
    return {text: (kind, mask) for kind, target, mask in targets for text in target.texts}


def area(found, text):
    return int((found[text][1] == 1).sum())


def test_class_and_absent():
    found = phrases((1, 10, 5, 16, 13), (1, 20, 40, 30, 52))
    assert found["all cars"][0] == found["the vehicles"][0] == "class"
    assert area(found, "cars") == 6 * 8 + 10 * 12
    assert area(found, "the road") == 40 * 60 - area(found, "cars")
    assert "the car" not in found and "every car" not in found
    for text in ("the sky", "sky on the left", "the trees on the right side", "the largest area of sky"):
        assert found[text][0] == "absent" and area(found, text) == 0
    assert "the leftmost sky" not in found


def test_one_object_is_singular():
    found = phrases((1, 10, 5, 16, 13))
    assert found["the car"][0] == "class" and "cars" not in found
    assert found["the car on the left"][0] == "position"
    assert "the leftmost car" not in found and "the largest car" not in found


def test_sides():
    found = phrases((1, 10, 2, 16, 10), (1, 20, 12, 26, 20), (1, 10, 40, 16, 52))
    assert area(found, "the cars on the left") == 2 * 48 and area(found, "the car on the right side") == 72
    assert "the car in the middle" not in found and "the car on the left" not in found
    assert area(phrases((1, 10, 26, 16, 34)), "the vehicle in the middle") == 48


def test_no_side_when_one_object_is_in_between():
    found = phrases((1, 10, 2, 16, 10), (1, 20, 18, 26, 26))
    assert not [text for text, (kind, _) in found.items() if "car on the" in text]


def test_leftmost_needs_a_clear_margin():
    clear, close = phrases((1, 5, 2, 11, 10), (1, 20, 8, 26, 16)), phrases((1, 5, 2, 11, 10), (1, 20, 5, 26, 13))
    assert area(clear, "the leftmost car") == 48 and clear["the rightmost vehicle"][0] == "position"
    assert "the leftmost car" not in close


def test_a_speck_further_left_forbids_leftmost():
    objects = (1, 50, 40, 80, 70), (1, 100, 150, 130, 180)
    without, speck = phrases(*objects, size=(200, 200)), phrases(*objects, (1, 10, 3, 12, 5), size=(200, 200))
    assert "the leftmost car" in without and "the rightmost car" in without
    assert "the leftmost car" not in speck and area(speck, "the rightmost car") == 900
    # The speck counts neither as the target nor as the rest, but it belongs to "the cars".
    assert (speck["the rightmost car"][1] == 255).sum() == 4
    assert area(speck, "the cars") == 1804
    assert "the car" not in phrases((1, 50, 40, 80, 70), (1, 10, 3, 12, 5), size=(200, 200))


def test_largest_needs_a_clear_margin():
    assert area(phrases((1, 5, 2, 11, 10), (1, 20, 40, 30, 52)), "the largest car") == 120
    assert "the largest car" not in phrases((1, 5, 2, 11, 10), (1, 20, 40, 27, 48))
    assert area(phrases((2, 5, 2, 11, 10), (2, 20, 40, 30, 52)), "the biggest area of trees") == 120


def test_rows_and_parts_of_objects_are_not_single():
    row = phrases((1, 5, 2, 11, 20), (1, 20, 40, 24, 44))
    assert "the leftmost car" not in row and "the largest car" not in row and "the rightmost car" in row
    assert area(row, "the cars on the left") == 108 and "the car on the left" not in row
    parts = phrases((1, 5, 2, 11, 12), (1, 5, 13, 11, 16))  # a pole hides a column of one car
    assert "the leftmost car" not in parts and "the largest car" not in parts


def test_ignored_pixels_stay_ignored():
    found = phrases((1, 10, 5, 16, 13), (255, 0, 0, 5, 60))
    assert all((mask[:5] == 255).all() and (mask[5:] < 2).all() for _, mask in found.values())


def test_draw():
    made = MaskPhrases(scene((1, 5, 2, 11, 10), (1, 20, 40, 30, 52)), CLASSES)
    texts, kinds, masks = made.draw(np.random.default_rng(3), num_prompts=8)
    again = made.draw(np.random.default_rng(3), num_prompts=8)
    assert texts == again[0] and kinds == again[1] and np.array_equal(masks, again[2])
    assert len(set(texts)) == 8 and masks.shape == (8, 40, 60) and masks.dtype == np.uint8
    expected = phrases((1, 5, 2, 11, 10), (1, 20, 40, 30, 52))
    for text, kind, mask in zip(texts, kinds, masks, strict=True):
        assert expected[text][0] == kind
        np.testing.assert_array_equal(expected[text][1], mask)
    many = made.draw(np.random.default_rng(0), num_prompts=60)[0]
    assert len(many) == 60 and len(set(many)) > 25


def test_kinds_come_in_fair_shares():
    made = MaskPhrases(scene((1, 5, 2, 11, 10), (1, 20, 40, 30, 52)), CLASSES)
    rng = np.random.default_rng(0)
    kinds = [made.draw(rng, num_prompts=1)[1][0] for _ in range(2000)]
    for kind, share in SHARES.items():
        assert kinds.count(kind) / 2000 == pytest.approx(share, abs=0.04)


def test_pictures_with_nothing_to_ask_for_still_give_phrases():
    nothing = MaskPhrases(np.full((8, 8), 255, np.uint8), CLASSES).draw(np.random.default_rng(0), 3)
    assert set(nothing[1]) == {"absent"} and (nothing[2] == 255).all()
    specks = np.full((100, 100), 255, np.uint8)
    specks[0, :8:2] = range(4)
    assert set(MaskPhrases(specks, CLASSES).draw(np.random.default_rng(0), 3)[1]) == {"class"}


def test_absent_texts_hold_every_wording():
    found = phrases((1, 10, 2, 16, 10), (1, 20, 40, 30, 52), (2, 0, 0, 4, 12), (2, 0, 40, 2, 50))
    every = {text for entry in CLASSES.entries for text in absent_texts(entry, CLASSES.middle)}
    assert set(found) <= every


def test_an_ignored_class_is_no_absent_one():
    classes = ClassList.from_json({"ignore": [2], "classes": ["road", {"name": "car"}, "void"]})
    mask = np.zeros((8, 8), np.uint8)
    mask[0] = 255  # void, as a canonical mask shows it
    made = MaskPhrases(mask, classes)
    assert {target.class_id for found in made.targets.values() for target in found} == {0, 1}


TWO_CARS = ((1, 5, 2, 11, 10), (1, 20, 40, 30, 52), (2, 0, 0, 4, 12), (2, 0, 40, 2, 50))


def test_own_templates_replace_the_wordings_of_their_kind():
    templates = {"class": ["find {}", "show the {}"], "position": ["the {}, {place}"], "size": ["main {}"]}
    own, plain = phrases(*TWO_CARS, templates=templates), phrases(*TWO_CARS)
    assert {"find cars", "show the vehicles", "find road", "find sky", "find trees"} <= set(own)
    assert {"the car, on the left", "the car, furthest to the left", "the car, farthest right"} <= set(own)
    assert {"main car", "main area of trees"} <= set(own)
    assert not set(own) & set(plain)
    for text, same in [("find cars", "all cars"), ("the car, on the left", "the car on the left")]:
        assert own[text][0] == plain[same][0]
        np.testing.assert_array_equal(own[text][1], plain[same][1])
    np.testing.assert_array_equal(own["main car"][1], plain["the largest car"][1])
    np.testing.assert_array_equal(own["the car, farthest right"][1], plain["the rightmost car"][1])
    assert own["find sky"][0] == own["the sky, in the middle"][0] == "absent"
    every = {text for entry in CLASSES.entries for text in absent_texts(entry, CLASSES.middle, templates)}
    assert set(own) <= every


def test_one_kind_of_templates_leaves_the_others():
    own, plain = phrases(*TWO_CARS, templates={"size": ["main {}"]}), phrases(*TWO_CARS)
    assert set(plain) - set(own) == {text for text in plain if "largest" in text or "biggest" in text}


@pytest.mark.parametrize(
    "templates, message",
    [
        ({"absent": ["no {}"]}, r"keys \['class', 'position', 'size', 'description'\]. Received: 'absent'"),
        ({"class": "the {}"}, "lists of wordings. Received: 'the {}' for 'class'"),
        ({"class": []}, r"lists of wordings. Received: \[\] for 'class'"),
        ({"class": ["the car"]}, "kind 'class' must be a format string with {}. Received: 'the car'"),
        ({"class": ["the {", "{}"]}, "Received: 'the {'"),
        ({"class": ["the {} {place}"]}, "kind 'class' must be"),
        ({"size": ["the {noun}"]}, "kind 'size' must be"),
        ({"size": [3]}, "kind 'size' must be"),
        ({"position": ["the {}"]}, "kind 'position' must be a format string with {} and {place}. Received: 'the {}'"),
        ({"description": ["a street"]}, "kind 'description' must be a format string with {}. Received: 'a street'"),
    ],
)
def test_templates_that_cannot_be_filled_in(templates, message):
    with pytest.raises(ValueError, match=message):
        check_templates(templates)


def test_good_templates():
    assert check_templates(None) == {}
    templates = {"description": ["a {scene}: {}", "{}"], "position": ("{place}: {}",)}
    assert check_templates(templates) == {"description": ("a {scene}: {}", "{}"), "position": ("{place}: {}",)}


@pytest.mark.parametrize("negatives", [0.0, 0.1, 0.5, 1.0])
def test_share_of_negatives(negatives):
    made = MaskPhrases(scene(*TWO_CARS), CLASSES, negatives=negatives)
    rng = np.random.default_rng(0)
    kinds = [made.draw(rng, num_prompts=1)[1][0] for _ in range(1000)]
    assert kinds.count("absent") / 1000 == pytest.approx(negatives, abs=0.04)
    assert kinds.count("absent") in ({0: [0], 1: [1000]}.get(negatives) or range(1, 1000))
    if negatives < 1:
        share = SHARES["class"] / (1 - SHARES["absent"]) * (1 - negatives)
        assert kinds.count("class") / 1000 == pytest.approx(share, abs=0.06)


def test_without_negatives_many_prompts_hold_none():
    made = MaskPhrases(scene(*TWO_CARS), CLASSES, negatives=0)
    texts, kinds, _ = made.draw(np.random.default_rng(0), num_prompts=50)
    assert len(texts) == 50 and "absent" not in kinds
    nothing = MaskPhrases(np.full((8, 8), 255, np.uint8), CLASSES, negatives=0)
    assert set(nothing.draw(np.random.default_rng(0), 3)[1]) == {"absent"}  # there is nothing else to ask for
    everything = MaskPhrases(scene((1, 5, 2, 11, 10), (2, 20, 20, 28, 40), (3, 0, 0, 4, 60)), CLASSES, negatives=1)
    assert len(everything.draw(np.random.default_rng(0), 3)[0]) == 3
