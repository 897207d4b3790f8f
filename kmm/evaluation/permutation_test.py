"""How often chance alone shows a difference as large."""

import itertools

import numpy as np

CHUNK = 2**22
"""Numbers that are held at once."""


def permutation_test(first, second, combine, num_permutations=10000, seed=0):
    """The p-value of a difference between two answers to the same pictures, two-sided.

    If the answers were alike, those to a picture could as well be exchanged: the p-value is the share of exchanges with
    a difference at least as large as the one that was found. All `2**num_pictures` exchanges are tried where they are
    not more than `num_permutations`, and otherwise so many are drawn. An exchange after which there is nothing to
    score, such as a precision without answers, counts as one of as large a difference.

    References: Fisher, "The Design of Experiments", 1935; Noreen, "Computer-Intensive Methods for Testing Hypotheses",
    1989.

    Args:
        first, second: float64 `(num_runs, num_pictures, k)`, the terms of a score; the difference is that of the means
            over the runs, and of a picture all runs are exchanged together.
        combine: a function from sums over pictures `(..., k)` to scores `(...)`.
        num_permutations: the largest number of exchanges.
        seed: keys the draws.

    Example:

    >>> first = np.array([[[3.0], [4.0], [5.0]]])  # higher in each of three pictures, as 2 of 8 exchanges show
    >>> permutation_test(first, first - 1, lambda sums: sums[..., 0])
    0.25
    """
    num_runs, count, size = first.shape
    own, other = (part.sum(axis=1)[:, None] for part in (first, second))
    found = abs(combine(own).mean() - combine(other).mean())
    exact = 2**count <= num_permutations
    if exact:
        exchanged = np.array(list(itertools.product((0, 1), repeat=count)), np.int8)
    else:
        exchanged = np.random.default_rng(seed).integers(0, 2, (num_permutations, count), np.int8)
    larger = 0
    for part in np.array_split(exchanged, -(-len(exchanged) * num_runs * max(size, count) // CHUNK)):
        moved = part.astype(float) @ (second - first)
        drawn = combine(own + moved).mean(axis=0) - combine(other - moved).mean(axis=0)
        larger += int((~(np.abs(drawn) < found - 1e-12)).sum())  # nan too
    return larger / len(exchanged) if exact else (larger + 1) / (num_permutations + 1)
