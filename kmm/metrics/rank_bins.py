"""Bins in which logits are ranked."""

from keras import ops


def rank_bins(logits, num_bins):
    """The bin of each logit `z`: bins have equal width in `z / (1 + abs(z))`, which lies between -1 and 1.

    So logits of all sizes are told apart: bins of equal width in the probability, which is nearly 0 or 1 for most
    pixels of a model that is sure, would take those for equal. With 1,000 bins one is 0.002 wide at 0, 0.25 at 10 and
    2 at 30.

    Args:
        logits: float, of any shape.
        num_bins: number of bins.

    Returns:
        int32 bins of the same shape, from 0 for the lowest logits (and nan) to `num_bins - 1`.

    Example:

    >>> import numpy as np
    >>> rank_bins(np.array([-np.inf, -1.0, 0.0, 1.0, 30.0, np.inf]), 8).numpy().tolist()
    [0, 2, 4, 6, 7, 7]
    """
    logits = ops.clip(ops.cast(logits, "float32"), -1e6, 1e6)
    squashed = 0.5 + 0.5 * logits / (1 + ops.abs(logits))
    return ops.clip(ops.cast(squashed * num_bins, "int32"), 0, num_bins - 1)
