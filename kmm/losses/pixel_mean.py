"""The mean over the pixels of each sample."""

from keras import ops


def pixel_mean(losses, pixel_weights):
    """The weighted mean over `(..., height, width)` of each sample, `(...)`; 0 where no pixel has any weight.

    >>> import numpy as np
    >>> float(pixel_mean(np.array([[1.0, 5.0]]), np.array([[3.0, 1.0]])))
    2.0
    """
    return ops.divide_no_nan(ops.sum(losses * pixel_weights, axis=(-2, -1)), ops.sum(pixel_weights, axis=(-2, -1)))
