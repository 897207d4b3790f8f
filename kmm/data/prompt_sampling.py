"""Drawing of phrases for one picture, so that none is repeated while another is left."""

import numpy as np


def draw_prompts(targets, rng, num_prompts, shares=None):
    """Choose what is asked about a picture, and in which words.

    Every target is asked for once before any is asked for twice; then those come first that can be asked for in words
    not used yet.

    Args:
        targets: what can be asked: objects with `texts`, the wordings that mean the same, and a `kind`.
        rng: a `numpy.random.Generator`.
        num_prompts: how many to draw.
        shares: dict from kind to how often it is drawn while the picture has targets of it; default: all targets alike.

    Returns:
        List of `num_prompts` pairs: the index of a target and one of its texts.

    Example:

    >>> import types
    >>> cat, dog = (types.SimpleNamespace(texts=(f"the {noun}", noun), kind="class") for noun in ("cat", "dog"))
    >>> draw_prompts([cat, dog], np.random.default_rng(0), num_prompts=5)
    [(1, 'dog'), (0, 'cat'), (0, 'the cat'), (1, 'the dog'), (0, 'the cat')]
    """
    chosen, used, pools = [], set(), {}
    while len(chosen) < num_prompts:
        if not pools:
            pools = _shuffled(targets, used, rng, shares)
        kind = _draw_kind(pools, rng, shares)
        index = pools[kind].pop()
        if not pools[kind]:
            del pools[kind]
        texts = targets[index].texts
        texts = [text for text in texts if text not in used] or texts
        text = texts[rng.integers(len(texts))]
        used.add(text)
        chosen.append((index, text))
    return chosen


def _shuffled(targets, used, rng, shares):
    """Indices by kind in random order: of the targets with unused words, or of all if there are none."""
    fresh = [index for index, target in enumerate(targets) if not used.issuperset(target.texts)]
    pools = {}
    for index in rng.permutation(fresh or len(targets)).tolist():
        pools.setdefault(targets[index].kind if shares else None, []).append(index)
    return pools


def _draw_kind(pools, rng, shares):
    if len(pools) == 1:
        return next(iter(pools))
    kinds = sorted(pools)
    limits = np.cumsum([shares[kind] for kind in kinds])
    return kinds[np.searchsorted(limits, rng.random() * limits[-1], side="right")]
