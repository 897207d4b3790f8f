"""English phrases about a `shapes` scene, each with exactly the objects it names.

A phrase is kept only if it is true under every common reading: "the circle above the blue triangle" needs one circle
that is mostly above the only blue triangle, while every other circle is clearly not above it at all.
"""

import random

from kmm.data.shapes.scene_object import COLOURS, HELD_OUT, SHAPES, SIZES, TEXTURES

KIND_SHARES = {"attribute": 0.22, "position": 0.18, "relation": 0.32, "number": 0.14, "absent": 0.14}
"""How often each kind of phrase is tried. Relations fail most often, so that the shares drawn come out near 26 %
attributes, 22 % positions, 19 % relations, 16 % numbers and 18 % absent things."""

_NOUNS = ("shape", "object")
_EXTRAS = ("size", "texture", "colour", "colour")  # people name colours first
_NUMBERS = {2: ("both", "the two"), 3: ("all three", "the three"), 4: ("all four", "the four")}
_MARGIN = 0.09
_DIRECTIONS = {  # word -> the coordinate that is smallest at the object meant
    "left": lambda item: item.x,
    "right": lambda item: -item.x,
    "top": lambda item: item.y,
    "bottom": lambda item: -item.y,
}
_SUPERLATIVES = {
    "left": ("the leftmost {}", "the {} furthest to the left"),
    "right": ("the rightmost {}", "the {} furthest to the right"),
    "top": ("the topmost {}", "the highest {}"),
    "bottom": ("the bottommost {}", "the lowest {}"),
}
_RELATIONS = {
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "top": ("above", "over"),
    "bottom": ("below", "under"),
}


class PhraseMaker:
    """Draws phrases for one scene.

    Args:
        objects: the scene, a list of `SceneObject`.
        rng: the source of all choices.
        held_out: whether phrases may name pairs of `HELD_OUT`.
    """

    def __init__(self, objects, rng: random.Random, held_out: bool):
        self.objects, self.rng, self.held_out = objects, rng, held_out
        everything = [(i, name, getattr(item, name)) for i, item in enumerate(objects) for name in _VALUES]
        self._owners = {}  # (attribute, value) -> set of objects, as bits
        for i, name, value in everything:
            self._owners[name, value] = self._owners.get((name, value), 0) | 1 << i
        pairs = [(i, j) for i in range(len(objects)) for j in range(len(objects)) if i != j]
        self._relations = [(i, j, d) for i, j in pairs for d in _RELATIONS if self._side(i, j, d) == "yes"]

    def draw(self, kind):
        """One phrase of the kind as `(text, indices of the objects meant)`, or `None` where none was found."""
        for _ in range(40):
            phrase = getattr(self, f"_{kind}")()
            if phrase is not None:
                return phrase
        return None

    def _attribute(self):
        target = self.rng.randrange(len(self.objects))
        wanted = self._describe(target, extra=(0, 1, 1, 2))
        return (f"the {self._noun(wanted)}", [target]) if self._matches(wanted) == [target] else None

    def _position(self):
        wanted = self._describe(self.rng.randrange(len(self.objects)), extra=(0, 1))
        direction = self.rng.choice(tuple(_DIRECTIONS))
        ranked = sorted(self._matches(wanted), key=lambda i: _DIRECTIONS[direction](self.objects[i]))
        if len(ranked) < 2:
            return None
        first, second = (_DIRECTIONS[direction](self.objects[i]) for i in ranked[:2])
        text = self.rng.choice(_SUPERLATIVES[direction]).format(self._noun(wanted))
        return (text, ranked[:1]) if second - first > _MARGIN else None

    def _relation(self):
        if not self._relations:
            return None
        target, anchor, direction = self.rng.choice(self._relations)
        wanted = self._describe(target, extra=(0, 0, 1))
        others = [i for i in self._matches(wanted) if i not in (target, anchor)]
        if not others or any(self._side(other, anchor, direction) != "no" for other in others):
            return None
        anchor_words = self._describe(anchor, extra=(0, 1, 1, 2))
        if self._matches(anchor_words) != [anchor]:
            return None
        return self._relation_text(wanted, direction, anchor_words), [target]

    def _absent_relation(self):
        other, anchor = self.rng.sample(range(len(self.objects)), 2)
        direction = self.rng.choice(tuple(_RELATIONS))
        wanted, anchor_words = self._describe(other, extra=(0, 1)), self._describe(anchor, extra=(0, 1, 2))
        candidates = [i for i in self._matches(wanted) if i != anchor]
        if self._matches(anchor_words) != [anchor]:
            return None
        if any(self._side(candidate, anchor, direction) != "no" for candidate in candidates):
            return None
        return self._relation_text(wanted, direction, anchor_words), []

    def _number(self):
        wanted = self._describe(self.rng.randrange(len(self.objects)), extra=(0, 1))
        matches = self._matches(wanted)
        if len(matches) not in _NUMBERS:
            return None
        return f"{self.rng.choice(_NUMBERS[len(matches)])} {self._plural(wanted)}", matches

    def _absent(self):
        if self.rng.random() < 0.35:
            return self._absent_relation()
        wanted = self._describe(self.rng.randrange(len(self.objects)), extra=(0, 1, 1, 2))
        changed = self.rng.choice(tuple(wanted))
        wanted[changed] = self.rng.choice(_VALUES[changed])
        if self._matches(wanted) or not (self.held_out or (wanted.get("colour"), wanted.get("shape")) not in HELD_OUT):
            return None
        superlative = self.rng.choice(_SUPERLATIVES[self.rng.choice(tuple(_SUPERLATIVES))])
        if self.rng.random() < 0.2:
            return f"both {self._plural(wanted)}", []
        return self.rng.choice(("the {}", "the {}", "the {}", superlative)).format(self._noun(wanted)), []

    def _describe(self, index, extra):
        """Attributes of the object, in the order in which English names them: its shape mostly, and others.

        Args:
            index: which object.
            extra: numbers of further attributes to choose from.
        """
        names = self.rng.choices(_EXTRAS, k=self.rng.choice(extra))
        if not names or self.rng.random() < 0.7:
            names.append("shape")
        return {name: getattr(self.objects[index], name) for name in _VALUES if name in names}

    def _matches(self, wanted):
        bits = -1
        for name_and_value in wanted.items():
            bits &= self._owners.get(name_and_value, 0)
        return [i for i in range(len(self.objects)) if bits >> i & 1]

    def _noun(self, wanted):
        return " ".join(wanted.values() if "shape" in wanted else (*wanted.values(), self.rng.choice(_NOUNS)))

    def _plural(self, wanted):
        noun = self._noun(wanted)
        return f"{noun}es" if noun.endswith("s") else f"{noun}s"

    def _relation_text(self, wanted, direction, anchor_words):
        return f"the {self._noun(wanted)} {self.rng.choice(_RELATIONS[direction])} the {self._noun(anchor_words)}"

    def _side(self, index, anchor_index, direction):
        """Whether the object is on that side of the anchor: "yes" and "no" are clear, "unclear" is neither."""
        item, anchor = self.objects[index], self.objects[anchor_index]
        along = _DIRECTIONS[direction](anchor) - _DIRECTIONS[direction](item)
        across = abs(item.y - anchor.y) if direction in ("left", "right") else abs(item.x - anchor.x)
        if along < -0.02:
            return "no"
        return "yes" if along > max(_MARGIN, 1.1 * across) else "unclear"


_VALUES = {"size": SIZES, "texture": TEXTURES, "colour": COLOURS, "shape": SHAPES}
"""Attributes in the order in which English names them."""
