"""A difference of two scores."""

from typing import NamedTuple


class Difference(NamedTuple):
    """A difference of two scores on the same samples.

    Args:
        value: the difference.
        low, high: its interval.
        p_value: how often a resampled set shows a difference on the other side of 0, two-sided.
    """

    value: float
    low: float
    high: float
    p_value: float
