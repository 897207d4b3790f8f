"""One fixed colour for each class id."""

import colorsys

import numpy as np

PALETTE = (
    "4aa3df b5523b f2d33c 8b5fbf f58bb5 3ca64b f08a24 8a8050 1f3fd1 e0245e "
    "12b5a6 c7e34f 7a1f1f f9c9a3 c800c8 004d40 a6e3b0 5a5f6b d9b8ff 000000"
).split()
"""RGB, hexadecimal; neighbours in the list differ most."""


def class_colors(num_classes):
    """The colours in which classes are drawn, the same in every picture.

    Args:
        num_classes: number of classes. Twenty have colours picked by hand, more get further hues.

    Returns:
        uint8 array `(num_classes, 3)`, RGB.

    Example:

    >>> class_colors(30).shape
    (30, 3)
    """
    colors = [tuple(bytes.fromhex(code)) for code in PALETTE[:num_classes]]
    for number in range(num_classes - len(colors)):
        red_green_blue = colorsys.hsv_to_rgb(number * 0.618 % 1, 0.5 + 0.5 * (number % 2), 0.9 - 0.3 * (number % 3 > 0))
        colors.append(tuple(round(255 * value) for value in red_green_blue))
    return np.array(colors, np.uint8).reshape(num_classes, 3)
