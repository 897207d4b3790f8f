"""How a decoder comes from each level to the next finer one."""

import keras


def make_enlargers(levels, dtype):
    """A layer for each level but the coarsest that enlarges a map of the next coarser level to its size.

    Args:
        levels: such as `("P2", "P3", "P5")`, from fine to coarse.
        dtype: dtype policy of the layers.

    Returns:
        A dict from level to a bilinear `keras.layers.UpSampling2D`, the coarsest first.

    Example:

    >>> {level: layer.size for level, layer in make_enlargers(("P2", "P3", "P5"), None).items()}
    {'P3': (4, 4), 'P2': (2, 2)}
    """
    pairs = list(zip(levels, levels[1:], strict=False))[::-1]
    return {
        finer: keras.layers.UpSampling2D(
            2 ** (int(coarser[1:]) - int(finer[1:])),
            interpolation="bilinear",
            name=f"{finer.lower()}_enlarge",
            dtype=dtype,
        )
        for finer, coarser in pairs
    }
