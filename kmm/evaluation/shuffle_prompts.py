"""Wrong words for every picture, to see whether a model reads them."""

import numpy as np

from kmm.feature_keys import IGNORE_VALUE


def shuffle_prompts(prompts, targets=None):
    """Gives every prompt the words of another one.

    Within a picture a prompt gets the next prompt with another target, as other words for the same pixels are no test;
    where there is none, the next prompt with other words. A picture whose prompts all say the same, and every picture
    without `targets`, gets the words of the picture half the data set away: neighbouring frames of a drive have nearly
    the same description. If those are the same words too, the one after it, and so on. Nothing is left to chance, so
    scores can be compared.

    Args:
        prompts: for each picture its prompts, the same number for all.
        targets: for each picture the ids that `target_ids` gives for the masks of its prompts; `None` where all prompts
            describe the whole picture.

    Returns:
        the words instead, in the same nesting; `None` if there are no other words.

    Example:

    >>> shuffle_prompts([("red car", "car", "tree"), ("sky", "sky", "sky")], targets=[(0, 0, 2), (0, 0, 0)])
    [('tree', 'tree', 'red car'), ('red car', 'car', 'tree')]
    >>> shuffle_prompts([("a road",), ("a street",), ("a wood",), ("a lake",)])
    [('a wood',), ('a lake',), ('a road',), ('a street',)]
    """
    prompts = [tuple(own) for own in prompts]
    if len(set(prompts)) == 1 and (targets is None or len(set(prompts[0])) == 1):
        return None
    shuffled = []
    for picture, own in enumerate(prompts):
        if targets is not None and len(set(own)) > 1:
            shuffled.append(tuple(_other(own, targets[picture], place) for place in range(len(own))))
        else:
            shuffled.append(next(words for words in _after(prompts, picture + len(prompts) // 2) if words != own))
    return shuffled


def target_ids(masks):
    """One id for each mask of a picture: the place of the first mask that asks for the same pixels.

    Args:
        masks: uint8 `(num_prompts, height, width)`; pixels that are 255 in one of two masks are not compared.

    Example:

    >>> target_ids(np.array([[[0, 1]], [[1, 1]], [[255, 1]]], "uint8"))
    (0, 1, 0)
    """

    def same(one, other):
        return not np.any((one != other) & (one != IGNORE_VALUE) & (other != IGNORE_VALUE))

    return tuple(next(place for place, other in enumerate(masks) if same(mask, other)) for mask in masks)


def _after(items, place):
    """All items, beginning with a place."""
    return (items[(place + step) % len(items)] for step in range(len(items)))


def _other(prompts, targets, place):
    others = [k for k in _after(range(len(prompts)), place + 1) if prompts[k] != prompts[place]]
    return prompts[next((k for k in others if targets[k] != targets[place]), others[0])]
