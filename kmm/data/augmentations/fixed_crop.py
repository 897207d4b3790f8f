"""Windows of one size."""

import dataclasses

import tensorflow as tf

from kmm.data.augmentations.crop import Crop


@dataclasses.dataclass(frozen=True)
class FixedCrop(Crop):
    """Cuts a window of a given size out of picture, masks and boxes, and keeps the words true: see `Crop`.

    With the model's own size nothing is resized, and only that window of a JPEG is decoded: the fastest way to train on
    photographs. A picture that is smaller gives as much as it has.

    Args:
        height, width: of the window in pixels.
        min_kept, negatives, keep_words: see `Crop`.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    >>> example = {"images": tf.zeros((8, 9, 3), "uint8"), "segmentation_masks": tf.zeros((2, 8, 9), "uint8")}
    >>> tuple(FixedCrop(4, 6)(example, tf.constant([1, 2], "int64"))["segmentation_masks"].shape)
    (2, 4, 6)
    """

    height: int = 224
    width: int = 224

    def __post_init__(self):
        super().__post_init__()
        if min(self.height, self.width) < 1:
            raise ValueError(f"A window needs pixels. Received: height={self.height}, width={self.width}.")

    def sizes(self, draws, shape):
        """See `Crop.sizes`."""
        wanted = tf.constant([self.height, self.width], tf.float32)
        return tf.broadcast_to(tf.minimum(wanted, shape), tf.shape(draws))
