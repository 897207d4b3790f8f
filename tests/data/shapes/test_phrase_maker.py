import random

import pytest

from kmm.data.shapes.phrase_maker import KIND_SHARES, PhraseMaker


def phrases(objects, kind, held_out=True, seeds=60):
    """Every phrase of a kind that is drawn in some tries, as a dict from text to the objects meant."""
    drawn = (PhraseMaker(objects, random.Random(seed), held_out).draw(kind) for seed in range(seeds))
    return {text: meant for text, meant in filter(None, drawn)}


@pytest.fixture
def objects(make_object):
    """Two red circles, one above a blue triangle; a small green cross at the very left; everything plain."""
    return [
        make_object(x=0.85, y=0.2),
        make_object(x=0.3, y=0.75),
        make_object(colour="blue", shape="triangle", x=0.8, y=0.7),
        make_object(colour="green", shape="cross", size="small", x=0.05, y=0.1),
        make_object(colour="green", shape="cross", x=0.5, y=0.95),
    ]


def test_shares_are_fair():
    assert sum(KIND_SHARES.values()) == pytest.approx(1) and min(KIND_SHARES.values()) > 0.1


def test_attribute(objects):
    found = phrases(objects, "attribute")
    assert found["the blue triangle"] == [2] and found["the small green cross"] == [3]
    assert "the red circle" not in found and "the cross" not in found


def test_position(objects):
    found = phrases(objects, "position", seeds=400)
    assert found["the leftmost circle"] == [1] and found["the highest cross"] == [3]
    assert not any("triangle" in text for text in found), "the only one needs no position"


def test_position_needs_a_clear_margin(make_object):
    pair = [make_object(x=0.5, y=0.2), make_object(x=0.55, y=0.8)]
    found = phrases(pair, "position", seeds=200)
    assert found and all(any(word in text for word in ("top", "bottom", "highest", "lowest")) for text in found)


def test_relation(objects):
    found = phrases(objects, "relation", seeds=400)
    assert found["the circle above the triangle"] == [0] and found["the circle left of the triangle"] == [1]
    assert not any(text.startswith(("the triangle", "the small cross")) for text in found), "the only one needs none"
    assert not any(text.endswith(("the circle", "the cross")) for text in found), "the anchor is the only one"


def test_relation_needs_every_other_clearly_elsewhere(make_object):
    """The second circle is above the triangle too, if less so: no phrase says "the circle above the triangle"."""
    scene = [make_object(x=0.5, y=0.2), make_object(x=0.9, y=0.6), make_object(shape="triangle", x=0.5, y=0.7)]
    assert not any("circle above" in text or "circle over" in text for text in phrases(scene, "relation", seeds=200))


def test_number(objects):
    found = phrases(objects, "number", seeds=200)
    assert found["both red circles"] == [0, 1] and found["the two green crosses"] == [3, 4]
    assert found["all four large objects"] == [0, 1, 2, 4]
    assert not any("triangle" in text or "blue" in text for text in found)


def test_absent(objects):
    found = phrases(objects, "absent", seeds=600)
    assert set(map(tuple, found.values())) == {()}
    texts = " | ".join(found)
    assert "both" in texts and "leftmost" in texts and "above" in texts and "the blue circle" in texts
    assert "crosss" not in texts


def test_absent_phrases_of_training_never_name_held_out_pairs(objects):
    pairs = ("green circle", "red triangle", "blue star", "yellow cross", "purple square")
    training, test = (" | ".join(phrases(objects, "absent", held_out, seeds=1000)) for held_out in (False, True))
    assert not any(pair in training for pair in pairs) and any(pair in test for pair in pairs)


def test_none_where_a_scene_has_no_such_phrase(make_object):
    pair = [make_object(), make_object(colour="blue", shape="star", size="small", texture="dotted", x=0.2)]
    assert not any(phrases(pair, kind) for kind in ("number", "position", "relation"))
