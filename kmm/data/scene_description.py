"""A description of a whole picture made from its class-id mask: what, how much and where."""

import numpy as np

from kmm.data.connected_components import ConnectedComponents
from kmm.data.mask_phrases import MIN_AREA

MAX_WORDS = 60
AMOUNT_EDGES = (0.01, 0.03, 0.08, 0.16, 0.30)
"""Shares of the picture between the levels of the three lists below."""

WIDTHS = ("a sliver of {}", "a very narrow {}", "a narrow {}", "a medium {}", "a wide {}", "a very wide {}")
AMOUNTS = ("a trace of {}", "a little {}", "some {}", "much {}", "a lot of {}", "a vast amount of {}")
SIZES = ("tiny {}", "small {}", "medium {}", "large {}", "very large {}", "huge {}")
NUMBERS = ("", "a {}", "two {}", "three {}", "several {}", "many {}")
DISTANCE_EDGES = (0.002, 0.02)
DISTANCES = (("small", "distant"), ("",), ("big", "near"))
"""Words by the share of the picture that the largest object of a class takes."""

OPENINGS = ("a {scene} with {}", "a {scene} showing {}", "{}")


class SceneDescription:
    """What is in one picture, how much of it and where, as texts in varied wording.

    Every class above 0.05 % of the picture is named with an amount (share of the picture for stuff, number and nearness
    for things) and a place (its shares of the left, middle and right third). The same facts always give the same words
    up to synonyms and order, so that the words carry the layout of the picture.

    Args:
        mask: uint8 class ids `(height, width)`, 255 ignored.
        class_list: a `ClassList`.
        templates: dict whose "description", if there is one, holds wordings that replace kmm's own: format strings with
            `{}` for what there is, and where wanted `{scene}` for the noun of the whole picture.

    Attributes:
        facts: for each class named, by falling area: its id, the wordings of its amount, and its place.

    Example:

    >>> from kmm.data.class_list import ClassList
    >>> classes = ClassList.from_json(["sky", {"name": "car"}])
    >>> mask = np.zeros((10, 30), np.uint8)
    >>> mask[5:, 24:] = 1
    >>> SceneDescription(mask, classes).text(np.random.default_rng(0))
    'a scene with everywhere a vast amount of sky and on the right a near car'
    """

    def __init__(self, mask, class_list, templates=None):
        self.scene, self.middle = class_list.scene, class_list.middle
        self.openings = (templates or {}).get("description", OPENINGS)
        min_area = max(1, round(MIN_AREA * mask.size))
        components = ConnectedComponents(mask, min_area)
        thirds = [np.bincount(part.reshape(-1), minlength=256) for part in np.array_split(mask, 3, axis=1)]
        thirds = np.stack(thirds, axis=-1)[: len(class_list.entries)]  # (num_classes, 3)
        areas = thirds.sum(axis=-1)
        self.facts = []
        for class_id in np.argsort(-areas, kind="stable"):
            if areas[class_id] >= min_area:
                entry, found = class_list.entries[class_id], components.of_class(class_id)
                if entry.stuff:
                    amount = stuff_amounts(entry, areas[class_id] / mask.size)
                else:
                    amount = thing_amounts(entry, *_count(components, found, entry, mask.size))
                self.facts.append((int(class_id), amount, place(thirds[class_id] / areas[class_id])))

    def text(self, rng) -> str:
        """One description of at most about 60 words."""
        facts = [(amounts[rng.integers(len(amounts))], where) for _, amounts, where in self.facts]
        if rng.random() < 0.5:  # else by falling area
            facts = [facts[i] for i in rng.permutation(len(facts))]
        middle = self.middle[rng.integers(len(self.middle))]
        opening = self.openings[rng.integers(len(self.openings))]
        parts = [f"{what} {where.format(middle=middle)}" for what, where in facts]
        if sum(len(part.split()) for part in parts) > MAX_WORDS - 4 or rng.random() < 0.25:
            groups = {}
            for what, where in facts:
                groups.setdefault(where.format(middle=middle), []).append(what)
            parts = [f"{where} {_listed(group)}" for where, group in groups.items()]
        text = opening.format(_listed(parts) or "nothing", scene=self.scene)
        return text if len(text.split()) <= MAX_WORDS else text.replace("mostly ", "")


def place(shares) -> str:
    """Words for the shares of a class in the left, middle and right third; `{middle}` is filled in later.

    >>> place(np.array([0.9, 0.1, 0.0])), place(np.array([0.4, 0.1, 0.5])), place(np.array([0.3, 0.4, 0.3]))
    ('on the left', 'on both sides', 'everywhere')
    """
    left, middle, right = shares
    for share, words in ((left, "on the left"), (middle, "{middle}"), (right, "on the right")):
        if share >= 0.65:
            return words if share >= 0.85 else f"mostly {words}"
    if middle < 0.2:
        return "on both sides" if min(left, right) >= 0.25 else "on the left" if left > right else "on the right"
    if right < 0.15:
        return "towards the left"
    if left < 0.15:
        return "towards the right"
    return "mostly on the left" if left > 0.5 else "mostly on the right" if right > 0.5 else "everywhere"


def stuff_amounts(entry, share):
    """Wordings of how much stuff there is, for its share of the picture."""
    level = int(np.searchsorted(AMOUNT_EDGES, share, side="right"))
    words = []
    for singular, plural in entry.nouns:
        scale = WIDTHS if entry.wide else SIZES if plural != singular or entry.plural_only else AMOUNTS
        words.append(scale[level].format(plural))
    return tuple(words)


def thing_amounts(entry, count, largest):
    """Wordings of how many objects there are; `largest` is the share of the picture that the largest one takes."""
    adjectives = DISTANCES[int(np.searchsorted(DISTANCE_EDGES, largest, side="right"))]
    number = NUMBERS[1 if count <= 1 else 2 if count == 2 else 3 if count == 3 else 4 if count <= 6 else 5]
    pairs = [(adjective, noun[count > 1]) for adjective in adjectives for noun in entry.nouns]
    texts = [number.format(f"{adjective} {noun}".strip()) for adjective, noun in pairs]
    return tuple(f"an {text[2:]}" if text[:2] == "a " and text[2] in "aeiou" else text for text in texts)


def _count(components, found, entry, size):
    """The number of objects, at least 4 ("several") where a component is a group, and the share of the largest."""
    if not len(found):
        return 4, 0.0  # specks only
    top, left, bottom, right = components.boxes[found].T
    groups = np.any(right - left > entry.max_aspect * (bottom - top))
    return max(len(found), 4 if groups else 1), components.areas[found].max() / size


def _listed(parts):
    return " and ".join([part for part in (", ".join(parts[:-1]), *parts[-1:]) if part])


def description_texts(class_list, templates=None):
    """Short descriptions that hold every word a description can hold, to learn a vocabulary from."""
    places = [*class_list.middle, "on both sides", "everywhere", f"mostly {class_list.middle[0]}"]
    places += [f"{words} {side}" for words in ("on the", "mostly on the", "towards the") for side in ("left", "right")]
    openings = (templates or {}).get("description", OPENINGS)
    texts = [opening.format("nothing", scene=class_list.scene) for opening in openings]
    for _, entry in class_list.counted:
        shares = (0.0, *AMOUNT_EDGES)
        counts = [(count, largest) for largest in (0.0, *DISTANCE_EDGES) for count in (1, 2, 3, 4, 7)]
        amounts = [text for share in shares for text in stuff_amounts(entry, share)]
        if not entry.stuff:
            amounts = [text for count in counts for text in thing_amounts(entry, *count)]
        texts += [f"{amount} {places[i % len(places)]}" for i, amount in enumerate(amounts)]
    return (*texts, *(f"nothing {place} and nothing" for place in places))
