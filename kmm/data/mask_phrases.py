"""Referring phrases made from a class-id mask, each with the binary mask it names."""

import dataclasses
import string

import numpy as np

from kmm.data.connected_components import ConnectedComponents
from kmm.feature_keys import IGNORE_VALUE

MIN_AREA = 0.0005
"""Share of the picture below which a component is a speck and a class too small to be asked for."""

SHARES = {"class": 0.45, "position": 0.20, "size": 0.15, "absent": 0.20}
"""How often each kind is drawn, where a picture has it."""

TEMPLATE_FIELDS = {"class": {""}, "position": {"", "place"}, "size": {""}, "description": {"", "scene"}}
"""The kinds of wordings that a user can give, and what each of their templates may hold: `{}` is the noun."""

GAP = 0.02
"""Share of the picture's width or height that must lie between a single object and every other of its class."""

CLASS_ONE = ("the {}", "{}")
CLASS_MANY = ("the {}", "all {}", "all the {}", "{}")
CLASS_STUFF = ("the {}", "{}", "all of the {}")
SIDE = ("the {} {}", "{} {}")
SIDES = {"left": ("on the left", "on the left side"), "right": ("on the right", "on the right side")}
EXTREME = ("the {side}most {noun}", "the {noun} furthest to the {side}", "the {noun} farthest {side}")
EXTREME_PLACES = ("furthest to the {side}", "farthest {side}")
SIZE_THING = ("the largest {}", "the biggest {}")
SIZE_STUFF = ("the largest area of {}", "the biggest area of {}", "the largest patch of {}")


@dataclasses.dataclass(frozen=True)
class _Target:
    class_id: int
    texts: tuple[str, ...]
    components: tuple[int, ...] | None = None  # None: every pixel of the class


class MaskPhrases:
    """All phrases that can be asked about one picture, by kind.

    - `class`: "the road", "all cars": every pixel of the class.
    - `position`: "the car on the left" (every component of the class lies clearly left, right or in the middle), "the
      leftmost car" (its centre is clearly further left than any other, specks included).
    - `size`: "the largest car", "the biggest area of buildings" (clearly larger than the next).
    - `absent`: the same wordings for a class without a single pixel in the picture; the mask is empty.

    Classes that the list ignores are never asked for: where they are, nobody can tell.

    A component is what touches in the mask, so parked cars that overlap are one component: singular phrases need the
    form of a single object (`max_aspect` of the class) and a gap to the others. In the masks of components, specks of
    the same class are 255: nobody can tell whether they belong.

    Args:
        mask: uint8 class ids `(height, width)`, 255 ignored.
        class_list: a `ClassList`.
        templates: dict from kind ("class", "position", "size") to wordings that replace kmm's own: format strings with
            `{}` for the noun in the form that fits, and in those of "position" `{place}` for words such as "on the
            left". Absent classes are asked for in the same wordings.
        negatives: how often a class is asked for that is not there, a share in [0, 1].

    Attributes:
        targets: what can be asked, a list for each kind.

    Example:

    >>> from kmm.data.class_list import ClassList
    >>> classes = ClassList.from_json(["road", {"name": "car"}])
    >>> mask = np.array([[1, 1, 0, 0, 0, 0, 0, 0]] * 2 + [[0, 0, 0, 0, 0, 0, 0, 0]] * 2, np.uint8)
    >>> texts, kinds, masks = MaskPhrases(mask, classes).draw(np.random.default_rng(0), num_prompts=3)
    >>> texts, kinds, tuple(masks.shape)
    (('car', 'the road', 'the car on the left'), ('class', 'class', 'position'), (3, 4, 8))
    """

    def __init__(self, mask, class_list, templates=None, negatives=SHARES["absent"]):
        self.mask, self.templates = mask, templates or {}
        scale = (1 - negatives) / (1 - SHARES["absent"])
        self.shares = {kind: share * scale for kind, share in SHARES.items()} | {"absent": negatives}
        min_area = max(1, round(MIN_AREA * mask.size))
        self.components = ConnectedComponents(mask, min_area)
        self.targets = {kind: [] for kind in SHARES}
        areas = np.bincount(mask.reshape(-1), minlength=256)[: len(class_list.entries)]
        for class_id, entry in class_list.counted:
            if areas[class_id] == 0:
                texts = absent_texts(entry, class_list.middle, self.templates)
                self._add("absent", class_id, *texts, components=())
            elif areas[class_id] >= min_area or areas[class_id] == areas.max():
                self._add_class(class_id, entry)
                self._add_sides(class_id, entry, class_list.middle)
                self._add_extremes(class_id, entry)
                self._add_largest(class_id, entry)

    def draw(self, rng, num_prompts):
        """Phrases in fair shares of the kinds: tuples of texts and kinds, and masks `(num_prompts, height, width)`.

        No target is asked for twice while another is left; then it is asked for in other words.
        """
        chosen, used, pools = [], set(), {}
        targets = {kind: found for kind, found in self.targets.items() if found}
        wanted = {kind: found for kind, found in targets.items() if self.shares[kind] > 0}
        while len(chosen) < num_prompts:
            if not pools:
                pools = {kind: list(rng.permutation(len(found))) for kind, found in (wanted or targets).items()}
            weights = np.array([self.shares[kind] for kind in pools]) if wanted else np.ones(len(pools))
            kind = list(pools)[np.searchsorted(np.cumsum(weights / weights.sum()), rng.random())]
            target = self.targets[kind][pools[kind].pop()]
            if not pools[kind]:
                del pools[kind]
            texts = [text for text in target.texts if text not in used] or target.texts
            text = texts[rng.integers(len(texts))]
            used.add(text)
            chosen.append((text, kind, self._target_mask(target)))
        texts, kinds, masks = zip(*chosen, strict=True)
        return texts, kinds, np.stack(masks)

    def _target_mask(self, target):
        ignored = (self.mask == IGNORE_VALUE) * np.uint8(IGNORE_VALUE)
        of_class = self.mask == target.class_id
        if target.components is None:
            return of_class | ignored
        labels = self.components.labels
        chosen = np.zeros_like(of_class)
        for component in target.components:
            chosen |= labels == component + 1
        specks = (of_class & (labels == 0)) * np.uint8(IGNORE_VALUE)
        return chosen | specks | ignored

    def _add(self, kind, class_id, *texts, components=None):
        self.targets[kind].append(_Target(class_id, texts, components))

    def _add_class(self, class_id, entry):
        found = self.components.of_class(class_id)
        one = len(found) == 1 and self._single(found[0], entry) and not self._specks(class_id).any()
        self._add("class", class_id, *class_texts(entry, one, self.templates))

    def _add_sides(self, class_id, entry, middle):
        found = self.components.of_class(class_id)
        sides = [self._side(component) for component in found]
        if None in sides:
            return
        for side in sorted(set(sides)):
            group = tuple(int(c) for c, where in zip(found, sides, strict=True) if where == side)
            one = len(group) == 1 and self._single(group[0], entry)
            texts = side_texts(entry, side, one, middle, self.templates)
            self._add("position", class_id, *texts, components=group)

    def _add_extremes(self, class_id, entry):
        found = self.components.of_class(class_id)
        if entry.stuff or len(found) < 2:
            return
        width = self.mask.shape[1]
        speck_columns = np.flatnonzero(self._specks(class_id).any(axis=0))
        for side, sign in (("left", 1), ("right", -1)):
            columns = sign * self.components.centres[found, 1]
            order = np.argsort(columns)
            bound = columns[order[0]] + 0.08 * width
            clear = columns[order[1]] >= bound and not np.any(sign * speck_columns < bound)
            if clear and self._single(found[order[0]], entry):
                texts = extreme_texts(entry, side, self.templates)
                self._add("position", class_id, *texts, components=(int(found[order[0]]),))

    def _add_largest(self, class_id, entry):
        found = self.components.of_class(class_id)
        if len(found) < 2:
            return
        order = found[np.argsort(-self.components.areas[found])]
        first, second = self.components.areas[order[:2]]
        if first >= 1.5 * second and (entry.stuff or self._single(order[0], entry)):
            self._add("size", class_id, *size_texts(entry, self.templates), components=(int(order[0]),))

    def _specks(self, class_id):
        return (self.mask == class_id) & (self.components.labels == 0)

    def _side(self, component):
        """Where a component lies without doubt: "left", "middle", "right" or None."""
        left, right = self.components.boxes[component, [1, 3]] / self.mask.shape[1]
        centre = self.components.centres[component, 1] / self.mask.shape[1]
        if right < 0.5 and centre < 1 / 3:
            return "left"
        if left > 0.5 and centre > 2 / 3:
            return "right"
        return "middle" if 0.43 < centre < 0.57 and left > 0.28 and right < 0.72 else None

    def _single(self, component, entry):
        """Whether a component has the form of one object and stands apart from the others of its class."""
        boxes = self.components.boxes
        top, left, bottom, right = boxes[component]
        if entry.stuff or right - left > entry.max_aspect * (bottom - top):
            return False
        others = boxes[[c for c in self.components.of_class(self.components.class_ids[component]) if c != component]]
        height, width = self.mask.shape
        across = np.maximum(others[:, 1] - right, left - others[:, 3]) / width
        down = np.maximum(others[:, 0] - bottom, top - others[:, 2]) / height
        return bool(np.all(np.maximum(across, down) >= GAP))


def _filled(templates, words):
    return tuple(template.format(word) for word in words for template in templates)


def _words(entry, one):
    return [singular if one else plural for singular, plural in entry.nouns]


def class_texts(entry, one, templates=None):
    """Every way to ask for a whole class; `one`: it is a single object."""
    own = CLASS_STUFF if entry.stuff else CLASS_ONE if one else CLASS_MANY
    return _filled((templates or {}).get("class", own), _words(entry, one))


def side_texts(entry, side, one, middle, templates=None):
    """Every way to ask for what lies left, right or in the middle."""
    places, words = {**SIDES, "middle": middle}[side], _words(entry, one)
    if "position" in (templates or {}):
        return _placed(templates["position"], words, places)
    return tuple(template.format(word, place) for word in words for place in places for template in SIDE)


def extreme_texts(entry, side, templates=None):
    """Every way to ask for the object furthest to a side."""
    words = _words(entry, True)
    if "position" in (templates or {}):
        return _placed(templates["position"], words, [place.format(side=side) for place in EXTREME_PLACES])
    return tuple(template.format(side=side, noun=word) for word in words for template in EXTREME)


def size_texts(entry, templates=None):
    """Every way to ask for the largest component."""
    words = _words(entry, not entry.stuff)
    if "size" in (templates or {}):
        return _filled(templates["size"], [f"area of {word}" for word in words] if entry.stuff else words)
    return _filled(SIZE_STUFF if entry.stuff else SIZE_THING, words)


def absent_texts(entry, middle, templates=None):
    """The wordings of all kinds, so that the words alone do not tell that a class is absent."""
    sides = [(side, one) for side in ("left", "right", "middle") for one in (True, False)]
    texts = [class_texts(entry, one, templates) for one in (True, False)]
    texts += [side_texts(entry, side, one, middle, templates) for side, one in sides]
    texts += [] if entry.stuff else [extreme_texts(entry, side, templates) for side in ("left", "right")]
    texts.append(size_texts(entry, templates))
    return tuple(dict.fromkeys(text for group in texts for text in group))


def check_templates(templates):
    """The templates with tuples for lists, or a `ValueError` that names the first that cannot be filled in."""
    templates = dict(templates or {})
    for kind, wordings in templates.items():
        if kind not in TEMPLATE_FIELDS:
            raise ValueError(f"`templates` has the keys {list(TEMPLATE_FIELDS)}. Received: {kind!r}. Correct it.")
        if isinstance(wordings, str) or not wordings:
            raise ValueError(f"`templates` holds lists of wordings. Received: {wordings!r} for {kind!r}. Write a list.")
        for wording in wordings:
            fields = _fields(wording)
            required = {""} if kind == "description" else TEMPLATE_FIELDS[kind]
            if fields is None or not required <= fields <= TEMPLATE_FIELDS[kind]:
                allowed = " and ".join(f"{{{field}}}" for field in sorted(required))
                raise ValueError(
                    f"A template of kind {kind!r} must be a format string with {allowed}. Received: {wording!r}. "
                    "Write it like 'the {}', and one for a position like 'the {} {place}'."
                )
        templates[kind] = tuple(wordings)
    return templates


def _fields(wording):
    try:
        return {field for _, field, _, _ in string.Formatter().parse(wording) if field is not None}
    except (TypeError, ValueError):
        return None


def _placed(templates, words, places):
    return tuple(template.format(word, place=place) for word in words for place in places for template in templates)
