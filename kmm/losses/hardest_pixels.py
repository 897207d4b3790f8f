"""Which pixels of a sample are answered worst, and the mean over them."""

import math

from keras import ops

from kmm.losses.check_argument import check_argument
from kmm.losses.pixel_mean import pixel_mean


def hardest_pixels(losses, pixel_weights, share):
    """Whether a counted pixel is among those with the largest losses.

    Pixels that are as hard as the easiest of them belong to them too, so there may be more than the share. A loss that
    is nan is hard, so that it stays visible.

    Args:
        losses: `(..., height, width)`, not negative.
        pixel_weights: `(..., height, width)`; pixels of weight 0 are not counted.
        share: the share of the counted pixels, above 0 and at most 1, rounded up to whole pixels.

    Returns:
        Booleans, shaped as the losses.

    Example:

    >>> import numpy as np
    >>> hard = hardest_pixels(np.array([[0.1, 3.0, 2.0, 9.0]]), np.array([[1.0, 1.0, 1.0, 0.0]]), share=0.5)
    >>> [bool(value) for value in hard[0]]  # two of the three that count
    [False, True, True, False]
    """
    losses = ops.stop_gradient(losses)
    counted = ops.convert_to_tensor(pixel_weights) > 0
    negated = ops.reshape(ops.where(counted, -losses, 1.0), (*ops.shape(losses)[:-2], -1))  # (..., pixels)
    count = ops.cast(ops.sum(ops.cast(counted, losses.dtype), axis=(-2, -1)), "float64")
    last = ops.cast(ops.ceil(count * (share * (1 - 1e-12))), "int32") - 1
    limit = -ops.take_along_axis(ops.sort(negated, axis=-1), ops.maximum(last, 0)[..., None], axis=-1)  # (..., 1)
    return ops.logical_and(counted, ops.logical_not(losses < limit[..., None]))


def hard_pixel_mean(losses, weighted_losses, pixel_weights, share, min_probability):
    """The mean of the weighted losses over the hardest pixels of each sample, `(...)`.

    Args:
        losses: cross-entropies `(..., height, width)`, which say how probable the right answers are.
        weighted_losses: the same times the weights of the classes: what is ranked and averaged.
        pixel_weights: `(..., height, width)`.
        share: the share of the counted pixels that is hard in any case.
        min_probability: pixels whose right answer is less probable are hard too; `None` for none of them.
    """
    hard = hardest_pixels(weighted_losses, pixel_weights, share)
    if min_probability is not None:
        hard = ops.logical_or(hard, losses > -math.log(min_probability))
    return pixel_mean(weighted_losses, ops.where(hard, pixel_weights, 0.0))


def check_hardness(share, min_probability):
    """Refuses arguments out of range."""
    check_argument(0 < share <= 1, "share", share, "above 0 and at most 1", "Use 0.25 for a quarter of the pixels.")
    check_argument(
        min_probability is None or 0 < min_probability < 1,
        "min_probability",
        min_probability,
        "between 0 and 1, or None",
        "Use None to keep to the share.",
    )
