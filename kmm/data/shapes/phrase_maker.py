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
        self._attributes = [{name: getattr(item, name) for name in _VALUES} for item in objects]
        self._owners = {}  # (attribute, value) -> set of objects, as bits
        for i, attributes in enumerate(self._attributes):
            for name_and_value in attributes.items():
                self._owners[name_and_value] = self._owners.get(name_and_value, 0) | 1 << i
        self._relations = None  # clear relations as (target, anchor, direction), once they are needed
        self._towards = {}  # (anchor, direction) -> set of objects, as bits, once it is needed

    def draw(self, kind):
        """One phrase of the kind as `(text, indices of the objects meant)`, or `None` where none was found."""
        attempt = getattr(self, f"_{kind}")
        for _ in range(40):
            phrase = attempt()
            if phrase is not None:
                return phrase
        return None

    def _attribute(self):
        target = self.rng.randrange(len(self.objects))
        wanted = self._describe(target, extra=(0, 1, 1, 2))
        return (f"the {self._noun(wanted)}", [target]) if self._matches(wanted) == 1 << target else None

    def _position(self):
        wanted = self._describe(self.rng.randrange(len(self.objects)), extra=(0, 1))
        direction = self.rng.choice(tuple(_DIRECTIONS))
        ranked = sorted(_indices(self._matches(wanted)), key=lambda i: _DIRECTIONS[direction](self.objects[i]))
        if len(ranked) < 2:
            return None
        first, second = (_DIRECTIONS[direction](self.objects[i]) for i in ranked[:2])
        text = self.rng.choice(_SUPERLATIVES[direction]).format(self._noun(wanted))
        return (text, ranked[:1]) if second - first > _MARGIN else None

    def _relation(self):
        if self._relations is None:
            self._relations = _clear_relations([(item.x, item.y) for item in self.objects])
        if not self._relations:
            return None
        target, anchor, direction = self.rng.choice(self._relations)
        wanted = self._describe(target, extra=(0, 0, 1))
        others = self._matches(wanted) & ~(1 << target | 1 << anchor)
        if not others or others & self._perhaps_towards(anchor, direction):
            return None
        anchor_words = self._describe(anchor, extra=(0, 1, 1, 2))
        if self._matches(anchor_words) != 1 << anchor:
            return None
        return self._relation_text(wanted, direction, anchor_words), [target]

    def _absent_relation(self):
        other, anchor = self.rng.sample(range(len(self.objects)), 2)
        direction = self.rng.choice(tuple(_RELATIONS))
        wanted, anchor_words = self._describe(other, extra=(0, 1)), self._describe(anchor, extra=(0, 1, 2))
        if self._matches(anchor_words) != 1 << anchor:
            return None
        if self._matches(wanted) & self._perhaps_towards(anchor, direction):
            return None
        return self._relation_text(wanted, direction, anchor_words), []

    def _number(self):
        wanted = self._describe(self.rng.randrange(len(self.objects)), extra=(0, 1))
        matches = _indices(self._matches(wanted))
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
        attributes, number = self._attributes[index], self.rng.choice(extra)
        if not number:
            return {"shape": attributes["shape"]}
        names = self.rng.choices(_EXTRAS, k=number)
        if self.rng.random() < 0.7:
            names.append("shape")
        return {name: attributes[name] for name in _VALUES if name in names}

    def _matches(self, wanted):
        """The set of objects that have all these attributes, as bits."""
        bits = -1
        for name_and_value in wanted.items():
            bits &= self._owners.get(name_and_value, 0)
        return bits

    def _noun(self, wanted):
        return " ".join(wanted.values() if "shape" in wanted else (*wanted.values(), self.rng.choice(_NOUNS)))

    def _plural(self, wanted):
        noun = self._noun(wanted)
        return f"{noun}es" if noun.endswith("s") else f"{noun}s"

    def _relation_text(self, wanted, direction, anchor_words):
        return f"the {self._noun(wanted)} {self.rng.choice(_RELATIONS[direction])} the {self._noun(anchor_words)}"

    def _perhaps_towards(self, anchor, direction):
        """The set of other objects, as bits, that are on that side of the anchor or not clearly elsewhere."""
        if (anchor, direction) not in self._towards:
            along = [_DIRECTIONS[direction](item) for item in self.objects]
            near = (1 << i for i in range(len(along)) if i != anchor and along[anchor] - along[i] >= -0.02)
            self._towards[anchor, direction] = sum(near)
        return self._towards[anchor, direction]


def _indices(bits):
    return [i for i in range(bits.bit_length()) if bits >> i & 1]


def _clear_relations(centres):
    """Every `(target, anchor, direction)` where the target is clearly, and mostly, on that side of the anchor."""
    relations = []
    for i, (x, y) in enumerate(centres):
        for j, (anchor_x, anchor_y) in enumerate(centres):
            dx, dy = anchor_x - x, anchor_y - y
            if abs(dx) > max(_MARGIN, 1.1 * abs(dy)):
                relations.append((i, j, "left" if dx > 0 else "right"))
            elif abs(dy) > max(_MARGIN, 1.1 * abs(dx)):
                relations.append((i, j, "top" if dy > 0 else "bottom"))
    return relations


_VALUES = {"size": SIZES, "texture": TEXTURES, "colour": COLOURS, "shape": SHAPES}
"""Attributes in the order in which English names them."""
