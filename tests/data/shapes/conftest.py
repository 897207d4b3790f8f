import dataclasses
import re

import pytest

from kmm.data.shapes import shapes_source
from kmm.data.shapes.scene_object import SceneObject

NOUNS = {name: name for name in ("circle", "square", "triangle", "star", "cross")} | {"shape": None, "object": None}
PLURALS = {"crosses": "cross"} | {f"{noun}s": shape for noun, shape in NOUNS.items() if noun != "cross"}
ADJECTIVES = {
    **dict.fromkeys(("small", "large"), "size"),
    **dict.fromkeys(("plain", "striped", "dotted"), "texture"),
    **dict.fromkeys(("red", "green", "blue", "yellow", "purple", "cyan"), "colour"),
}
NUMBERS = {"both": 2, "the two": 2, "all three": 3, "the three": 3, "all four": 4, "the four": 4}
EXTREMES = {  # word -> the axis and sign of what is smallest at the object meant
    **dict.fromkeys(("the leftmost {}", "the {} furthest to the left"), ("x", 1)),
    **dict.fromkeys(("the rightmost {}", "the {} furthest to the right"), ("x", -1)),
    **dict.fromkeys(("the topmost {}", "the highest {}"), ("y", 1)),
    **dict.fromkeys(("the bottommost {}", "the lowest {}"), ("y", -1)),
}
RELATIONS = {
    **dict.fromkeys(("to the left of", "left of"), ("x", 1)),
    **dict.fromkeys(("to the right of", "right of"), ("x", -1)),
    **dict.fromkeys(("above", "over"), ("y", 1)),
    **dict.fromkeys(("below", "under"), ("y", -1)),
}


@dataclasses.dataclass(frozen=True)
class Meaning:
    """What a phrase says: its form, the pairs of adjectives and noun in it, and every common reading of it."""

    form: str
    nouns: tuple
    readings: set


def read(text, objects):
    """Reads a phrase anew, by its words alone. A phrase that cannot be read raises a `ValueError`."""
    for pattern, (axis, sign) in EXTREMES.items():
        if match := re.fullmatch(pattern.format("(.+)"), text):
            named = _parse(match[1], NOUNS)
            ranked = sorted(_matches(named, objects), key=lambda i: sign * getattr(objects[i], axis))
            return Meaning("position", (named,), {frozenset(ranked[:1])})
    if match := re.fullmatch(f"the (.+?) ({'|'.join(RELATIONS)}) the (.+)", text):
        named, anchor_named = _parse(match[1], NOUNS), _parse(match[3], NOUNS)
        anchors = _matches(anchor_named, objects)
        if len(anchors) != 1:
            raise ValueError(f"{text!r}: {len(anchors)} objects are called {match[3]!r}")
        others = [i for i in _matches(named, objects) if i != anchors[0]]
        readings = {
            frozenset(i for i in others if rule(objects[i], objects[anchors[0]], *RELATIONS[match[2]]))
            for rule in (_in_half_plane, _mostly_on_that_side)
        }
        return Meaning("relation", (named, anchor_named), readings)
    for words, number in NUMBERS.items():
        if text.startswith(f"{words} "):
            named = _parse(text.removeprefix(f"{words} "), PLURALS)
            return Meaning("number", (named,), {_exactly(number, named, objects, text)})
    named = _parse(text.removeprefix("the "), NOUNS)
    return Meaning("attribute", (named,), {_exactly(1, named, objects, text)})


def _parse(words, nouns):
    *adjectives, noun = words.split()
    if noun not in nouns or any(word not in ADJECTIVES for word in adjectives):
        raise ValueError(f"this is not English: {words!r}")
    named = {ADJECTIVES[word]: word for word in adjectives}
    return named if nouns[noun] is None else {**named, "shape": nouns[noun]}


def _matches(named, objects):
    return [i for i, item in enumerate(objects) if all(getattr(item, key) == word for key, word in named.items())]


def _exactly(number, named, objects, text):
    found = _matches(named, objects)
    if len(found) not in (0, number):
        raise ValueError(f"{text!r}: there are {len(found)}")
    return frozenset(found)


def _in_half_plane(item, anchor, axis, sign):
    return sign * (getattr(anchor, axis) - getattr(item, axis)) > 0


def _mostly_on_that_side(item, anchor, axis, sign):
    other = "y" if axis == "x" else "x"
    along = sign * (getattr(anchor, axis) - getattr(item, axis))
    return along > abs(getattr(anchor, other) - getattr(item, other))


@pytest.fixture
def read_phrase():
    return read


@pytest.fixture
def draw_example(monkeypatch):
    """An example together with the objects in it and the map of who is seen where."""
    drawn, draw_scene = [], shapes_source.draw_scene

    def remember(objects, *arguments):
        image, owner = draw_scene(objects, *arguments)
        drawn.append((objects, owner))
        return image, owner

    monkeypatch.setattr(shapes_source, "draw_scene", remember)

    def draw(source, *arguments, **options):
        example = source.example(*arguments, **options)
        return example, *drawn.pop()

    return draw


@pytest.fixture
def make_object():
    """An object in the middle of the picture but for what is said."""
    defaults = {"shape": "circle", "colour": "red", "texture": "plain", "size": "large"}
    return lambda **given: SceneObject(**{**defaults, "x": 0.5, "y": 0.5, "radius": 0.15, "angle": 0.0, **given})
