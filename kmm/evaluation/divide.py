"""Quotients that may be of nothing."""

import numpy as np


def divide(numerators, denominators):
    """The quotients as float64, nan for a divisor of 0.

    >>> divide([1, 0], [4, 0]).tolist()
    [0.25, nan]
    """
    numerators, denominators = np.broadcast_arrays(np.asarray(numerators, float), np.asarray(denominators, float))
    return np.divide(numerators, denominators, out=np.full(numerators.shape, np.nan), where=denominators != 0)
