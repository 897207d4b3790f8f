"""Pictures without colour."""

import numpy as np


def grey_picture(image):
    """The picture in greys, neither black nor white, so that coloured masks stand out from things of any colour.

    Args:
        image: uint8 `(height, width, 3)`.

    Returns:
        uint8 `(height, width, 3)`.

    Example:

    >>> grey_picture(np.full((1, 1, 3), 100, "uint8")).tolist()
    [[[105, 105, 105]]]
    """
    grey = image @ np.array([0.299, 0.587, 0.114])
    return np.repeat(np.round(30 + 0.75 * grey)[..., None], 3, axis=-1).astype(np.uint8)
