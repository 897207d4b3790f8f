"""Parts of a split: by kind and length of phrase, by size of the target, by words that training did not show."""

import re

import numpy as np

GROUPS = ("kind", "length", "size", "held_out")
LENGTHS = ((0, 0), (1, 2), (3, 4), (5, 7), (8, None))
"""Words of a phrase: the least and the most of each group."""

SIZE_LIMITS = (0.02, 0.1)
"""Shares of the picture from which a target is medium and large."""


def groups_of(scores, by, held_out=(), size_limits=SIZE_LIMITS):
    """Divides samples into groups.

    - "kind": by the kind of phrase, as the source names it.
    - "length": by the number of words, see `LENGTHS`.
    - "size": referring only, by the target's share of the counted pixels: small below the first limit, large from the
      second on, and "no target".
    - "held_out": referring only, samples with a target whose phrase holds one of the phrases `held_out` (as whole
      words, in any case, perhaps with an English plural ending), against "seen". Of held-out combinations such as
      "red triangle" and "blue star", seen are phrases that hold another combination of the same words ("red star",
      "blue triangle") and none that is held out; of single words, all other phrases.

    Args:
        scores: a `kmm.evaluation.SampleScores`.
        by: one of `GROUPS`.
        held_out: phrases, for "held_out".
        size_limits: two shares of the picture, for "size".

    Returns:
        A list of `(name, chosen)`, where `chosen` is bool `(num_samples,)`; groups without a sample are left out.

    Raises:
        ValueError: if there is no such way to divide the samples, sizes are asked of semantic masks, the limits are no
            rising shares, or nothing is said to be held out.

    Example:

    >>> from kmm.evaluation import SampleScores
    >>> confusion = np.array([[[80.0, 0], [2, 18]], [[97, 0], [0, 3]], [[99, 1], [0, 0]]])
    >>> scores = SampleScores(
    ...     "referring", ("background", "target"), np.arange(3), ("a red car", "the car", "a cat"), ("thing",) * 3,
    ...     confusion, np.zeros((3, 2, 100)),
    ... )
    >>> [(name, chosen.tolist()) for name, chosen in groups_of(scores, "size")]  # doctest: +NORMALIZE_WHITESPACE
    [('medium (2 % to 10 %)', [False, True, False]), ('large (from 10 %)', [True, False, False]),
     ('no target', [False, False, True])]
    """
    if by not in GROUPS:
        raise ValueError(f"Samples are divided by one of {GROUPS}. Received: by={by!r}. Choose one.")
    if by in ("size", "held_out") and scores.task != "referring":
        raise ValueError(
            f"Only a phrase has a target, or words that can be held out. Received: by={by!r} for the task "
            f"{scores.task!r}. Leave it out; classes that training did not show go into `held_out`."
        )
    if by == "kind":
        kinds = np.array(scores.kinds)
        groups = [(kind, kinds == kind) for kind in sorted(set(scores.kinds))]
    elif by == "length":
        lengths = np.array([len(prompt.split()) for prompt in scores.prompts])
        groups = [(_length_name(*ends), _within(lengths, *ends)) for ends in LENGTHS]
    elif by == "size":
        groups = _by_size(scores.target_areas, size_limits)
    else:
        groups = _by_held_out(scores, held_out)
    return [(name, chosen) for name, chosen in groups if chosen.any()]


def _length_name(least, most):
    if most is None:
        return f"{least} words and more"
    return "no words" if most == 0 else f"{least} to {most} words"


def _within(lengths, least, most):
    return (lengths >= least) & (lengths <= (np.inf if most is None else most))


def _by_size(areas, limits):
    if len(limits) != 2 or not 0 < limits[0] < limits[1] < 1:
        raise ValueError(
            "The sizes are divided at two rising shares of the picture, between 0 and 1. Received: "
            f"size_limits={tuple(limits)}. Use {SIZE_LIMITS}."
        )
    low, high = limits
    return [
        (f"small (below {_percent(low)})", (areas > 0) & (areas < low)),
        (f"medium ({_percent(low)} to {_percent(high)})", (areas >= low) & (areas < high)),
        (f"large (from {_percent(high)})", areas >= high),
        ("no target", areas == 0),
    ]


def _percent(share):
    return f"{100 * share:g} %"


def _by_held_out(scores, held_out):
    if isinstance(held_out, str) or not held_out or not all(str(phrase).split() for phrase in held_out):
        raise ValueError(
            "What is held out must be a list of phrases of at least one word. Received: "
            f"held_out={held_out!r}. Give for instance ['red triangle', 'bus']."
        )
    phrases = [tuple(phrase.lower().split()) for phrase in held_out]
    pairs = [phrase for phrase in phrases if len(phrase) > 1]
    others = {(first[0], *last[1:]) for first in pairs for last in pairs} - set(phrases)
    has_target = scores.target_areas > 0
    unseen = _holding(scores.prompts, phrases)
    seen = ~unseen & _holding(scores.prompts, others) if others else ~unseen
    return [("held out", unseen & has_target), ("seen", seen & has_target)]


def _holding(prompts, phrases):
    """Which prompts hold one of the phrases."""
    words = "|".join(r"\s+".join(map(re.escape, phrase)) for phrase in sorted(phrases))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?:s|es)?(?!\w)", re.IGNORECASE)
    return np.array([pattern.search(prompt) is not None for prompt in prompts])
