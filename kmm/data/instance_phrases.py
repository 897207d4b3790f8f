"""Referring phrases made from the annotated objects in a picture, each with the binary mask it names."""

import dataclasses
import functools

import numpy as np

from kmm.data.mask_phrases import MIN_AREA, SHARES, absent_texts, class_texts, extreme_texts, side_texts, size_texts
from kmm.data.prompt_sampling import draw_prompts
from kmm.feature_keys import IGNORE_VALUE

EXTREME_GAP = 0.08
"""Share of the picture's width by which the leftmost object's centre must be further left than any other."""

SIZE_RATIO = 1.5
"""How many times larger than the next the largest object must be."""

MIDDLE = ("in the middle", "in the centre")
SENTENCE_SHARE = 1.0
"""How often an annotator's own sentence is drawn, compared with `SHARES`."""


@dataclasses.dataclass(frozen=True)
class _Target:
    texts: tuple[str, ...]
    kind: str
    objects: tuple[int, ...] = ()
    crowds: tuple[int, ...] = ()


class InstancePhrases:
    """All phrases that can be asked about the annotated objects of one picture, by kind.

    - `class`: "the dog", "all dogs": every object of the category.
    - `position`: "the dog on the left" (every dog lies clearly left, right or in the middle), "the leftmost dog" (its
      centre and its left edge are further left than any other's, the centre by 8 % of the width).
    - `size`: "the largest dog" (1.5 times the area of the next).
    - `phrase`: an annotator's sentence about one object.
    - `absent`: the same wordings for a category without any annotation; the mask is empty.

    Objects may touch and overlap, as they are annotated one by one. A crowd, where objects are not told apart, does not
    count (255) in the masks of its category, and neither position nor size is asked for there. A category whose objects
    take less than 0.05 % of the picture is asked for only if there is nothing else.

    Args:
        image_size: `(height, width)` of the upright picture.
        masks: a `CroppedMask` for each annotation.
        categories: for each annotation the index of its category.
        nouns: the categories: entries of a `ClassList`.
        crowds: for each annotation whether it marks a crowd; default: none does.
        sentences: for each annotation a tuple of sentences about it; default: none.
        absent: indices of categories that are known to be absent; default: all that are not annotated.
        incomplete: indices of categories of which more objects may be in the picture than are annotated.
        negatives: share of the phrases that ask for a category that is not there, in [0, 1].

    Attributes:
        targets: what can be asked, each with `texts`, `kind` and the indices of its `objects`.

    Example:

    >>> from kmm.data.class_list import ClassList
    >>> from kmm.data.files.cropped_mask import CroppedMask
    >>> nouns = ClassList.from_json([{"name": "dog"}, {"name": "cat"}]).entries
    >>> mask = np.zeros((20, 40), np.uint8)
    >>> mask[5:15, 2:10] = 1
    >>> phrases = InstancePhrases((20, 40), [CroppedMask(mask)], [0], nouns)
    >>> texts, kinds, masks = phrases.draw(np.random.default_rng(0), num_prompts=3)
    >>> texts, kinds, masks.sum(axis=(1, 2)).tolist()
    (('the dog on the left', 'the cat', 'the dog'), ('position', 'absent', 'class'), [80, 0, 80])
    """

    def __init__(
        self,
        image_size,
        masks,
        categories,
        nouns,
        crowds=None,
        sentences=None,
        absent=None,
        incomplete=(),
        negatives=SHARES["absent"],
    ):
        self._image_size, self._masks, self.targets = tuple(image_size), list(masks), []
        self._negatives, self._shares = negatives, {**SHARES, "phrase": SENTENCE_SHARE}
        crowds = crowds or [False] * len(self._masks)
        leftovers = []
        for category in sorted(set(categories)):
            found = [i for i, other in enumerate(categories) if other == category]
            objects = tuple(i for i in found if self._masks[i].area and not crowds[i])
            its_crowds = tuple(i for i in found if crowds[i])
            certain = len(objects) == len(found) and category not in incomplete
            target = _Target(class_texts(nouns[category], certain and len(found) == 1), "class", objects, its_crowds)
            if not self._is_large(objects) or category in incomplete:
                leftovers.append(target)
                continue
            self.targets.append(target)
            if certain:
                self._add_sides(nouns[category], objects)
                self._add_extremes(nouns[category], objects)
                self._add_largest(nouns[category], objects)
        for index, texts in enumerate(sentences or ()):
            if texts and self._masks[index].area:
                self.targets.append(_Target(tuple(texts), "phrase", (index,)))
        for category in sorted(set(range(len(nouns))).difference(categories) if absent is None else absent):
            self.targets.append(_absent(nouns[category]))
        self.targets = self.targets or leftovers
        self._present = [target for target in self.targets if target.kind != "absent"]
        self._absent = [target for target in self.targets if target.kind == "absent"]

    @property
    def nbytes(self):
        return sum(mask.nbytes for mask in self._masks)

    def draw(self, rng, num_prompts):
        """Phrases in fair shares of the kinds: tuples of texts and kinds, and masks `(num_prompts, height, width)`.

        There are more negatives than their share only where the picture has nothing else that was not asked for yet.
        """
        num_texts = len({text for target in self._present for text in target.texts})
        num_absent = max(rng.binomial(num_prompts, self._negatives), num_prompts - num_texts) if self._absent else 0
        num_absent = num_absent if self._present else num_prompts
        parts = ((self._present, num_prompts - num_absent, self._shares), (self._absent, num_absent, None))
        drawn = [
            (targets[index], text)
            for targets, count, shares in parts
            for index, text in draw_prompts(targets, rng, count, shares)
        ]
        drawn = [drawn[index] for index in rng.permutation(num_prompts)]
        masks = np.zeros((num_prompts, *self._image_size), np.uint8)
        for canvas, (target, _) in zip(masks, drawn, strict=True):
            self._paint(target, canvas)
        return tuple(text for _, text in drawn), tuple(target.kind for target, _ in drawn), masks

    def check(self):
        """The masks were read already."""

    def _paint(self, target, canvas):
        for crowd in target.crowds:
            self._masks[crowd].paint(canvas, IGNORE_VALUE)
        for index in target.objects:
            self._masks[index].paint(canvas, 1)

    def _is_large(self, objects):
        return sum(self._masks[i].area for i in objects) >= MIN_AREA * self._image_size[0] * self._image_size[1]

    def _add(self, kind, texts, *objects):
        if self._is_large(objects):
            self.targets.append(_Target(texts, kind, objects))

    def _add_sides(self, noun, objects):
        sides = [self._side(index) for index in objects]
        for side in sorted(set(sides)) if None not in sides else ():
            group = [index for index, where in zip(objects, sides, strict=True) if where == side]
            self._add("position", side_texts(noun, side, len(group) == 1, MIDDLE), *group)

    def _add_extremes(self, noun, objects):
        if noun.stuff or len(objects) < 2:
            return
        width = self._image_size[1]
        for side, sign, edge in (("left", 1, 1), ("right", -1, 3)):
            columns = [(sign * self._masks[i].centre[1], sign * self._masks[i].box[edge]) for i in objects]
            order = sorted(range(len(objects)), key=columns.__getitem__)
            (centre, border), others = columns[order[0]], [columns[i] for i in order[1:]]
            if all(other[0] >= centre + EXTREME_GAP * width and other[1] >= border for other in others):
                self._add("position", extreme_texts(noun, side), objects[order[0]])

    def _add_largest(self, noun, objects):
        order = sorted(objects, key=lambda index: -self._masks[index].area)
        if len(order) > 1 and self._masks[order[0]].area >= SIZE_RATIO * self._masks[order[1]].area:
            self._add("size", size_texts(noun), order[0])

    def _side(self, index):
        """Where an object lies without doubt: "left", "middle", "right" or None."""
        width = self._image_size[1]
        left, right, centre = (x / width for x in (*self._masks[index].box[1::2], self._masks[index].centre[1]))
        if right < 0.5 and centre < 1 / 3:
            return "left"
        if left > 0.5 and centre > 2 / 3:
            return "right"
        return "middle" if 0.43 < centre < 0.57 and left > 0.28 and right < 0.72 else None


@functools.lru_cache(maxsize=4096)
def _absent(noun):
    return _Target(absent_texts(noun, MIDDLE), "absent")
