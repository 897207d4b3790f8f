"""Windows of random size."""

import dataclasses

import numpy as np
import tensorflow as tf

from kmm.data.augmentations.crop import Crop


@dataclasses.dataclass(frozen=True)
class RandomCrop(Crop):
    """Cuts a window of random size and shape out of picture, masks and boxes, and keeps the words true: see `Crop`.

    The result has the window's size: resize it later.

    Args:
        smallest, largest: range of the window's area as a share of the picture's.
        most_stretch: by how much at most the window's ratio of width to height differs from the picture's, as a factor:
            1 keeps the ratio.
        min_kept, negatives, keep_words: see `Crop`.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    >>> example = {"images": tf.zeros((8, 8, 3), "uint8"), "segmentation_masks": tf.zeros((2, 8, 8), "uint8")}
    >>> cropped = RandomCrop(0.25, 0.25, most_stretch=1.0)(example, tf.constant([1, 2], "int64"))
    >>> tuple(cropped["images"].shape), tuple(cropped["segmentation_masks"].shape)
    ((4, 4, 3), (2, 4, 4))
    """

    smallest: float = 0.3
    largest: float = 1.0
    most_stretch: float = 4 / 3

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.smallest <= self.largest <= 1:
            raise ValueError(
                "Shares of the area lie in (0, 1], the smallest not above the largest. "
                f"Received: smallest={self.smallest}, largest={self.largest}."
            )
        if self.most_stretch < 1:
            raise ValueError(f"The most stretch is a factor of at least 1. Received: most_stretch={self.most_stretch}.")

    def sizes(self, draws, shape):
        """See `Crop.sizes`."""
        area = self.smallest + (self.largest - self.smallest) * draws[:, :1]
        stretch = tf.exp((2 * draws[:, 1:2] - 1) * (np.log(self.most_stretch) / 2))
        shares = tf.minimum(tf.sqrt(area) * tf.concat([1 / stretch, stretch], axis=1), 1.0)
        return tf.maximum(tf.round(shares * shape), 1.0)
