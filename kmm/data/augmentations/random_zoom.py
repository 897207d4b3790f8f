"""Nearer and farther."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.boxes import fitted_boxes
from kmm.data.augmentations.prompt_words import WHOLE, any_prompt_holds


@dataclasses.dataclass(frozen=True)
class RandomZoom:
    """Crops a window of the picture, or sets the picture into a wider frame, and keeps its size.

    Pixels outside the picture are grey and their labels 255. What a description says of places stays true as long as
    the window keeps most of the picture: prefer small zooms for prompts about places, or `keep_words`.

    Args:
        smallest, largest: range of the window's side as a share of the picture's, below and above 1.
        keep_words: where a prompt holds a word that is true of the whole picture only (places, sizes, comparisons and
            numbers, such as "left", "largest", "all", "two"), nothing is cut off: the window is the picture or a wider
            frame around its middle.

    Raises:
        ValueError: if the range is empty or not positive.

    Example:

    >>> example = {"images": tf.zeros((8, 8, 3), "uint8"), "segmentation_masks": tf.zeros((1, 8, 8), "uint8")}
    >>> tuple(RandomZoom(0.8, 1.2)(example, tf.constant([1, 2], "int64"))["segmentation_masks"].shape)
    (1, 8, 8)
    """

    smallest: float = 0.8
    largest: float = 1.2
    keep_words: bool = False

    def __post_init__(self):
        if not 0 < self.smallest <= self.largest:
            raise ValueError(
                "The smallest share must be positive and not above the largest. "
                f"Received: smallest={self.smallest}, largest={self.largest}."
            )

    def __call__(self, example, key):
        """Zoom the example; `key` is the int64 `(2,)` seed of this example."""
        images, masks = example[feature_keys.IMAGES], example[feature_keys.SEGMENTATION_MASKS]
        draws = tf.random.stateless_uniform((3,), key)
        share, places = self.smallest * (self.largest / self.smallest) ** draws[0], draws[1:]
        if self.keep_words:
            whole = any_prompt_holds(example, WHOLE)
            share, places = tf.where(whole, tf.maximum(share, 1.0), share), tf.where(whole, 0.5, places)
        shape = tf.cast(tf.shape(images)[:2], tf.float32)
        starts = places * shape * (1 - share)
        # the pixel of the old picture under each new one, nearest
        rows, columns = (
            tf.cast(tf.floor(starts[axis] + (tf.range(shape[axis]) + 0.5) * share), tf.int32) for axis in (0, 1)
        )
        # outside it is a border that is added for it
        rows, columns = (
            tf.where((places >= 0) & (places < size), places, size)
            for places, size in zip((rows, columns), tf.unstack(tf.shape(images)[:2]), strict=True)
        )
        images = tf.pad(images, [[0, 1], [0, 1], [0, 0]], constant_values=127)
        masks = tf.pad(masks, [[0, 0], [0, 1], [0, 1]], constant_values=feature_keys.IGNORE_VALUE)
        example = {
            **example,
            feature_keys.IMAGES: tf.gather(tf.gather(images, rows, axis=0), columns, axis=1),
            feature_keys.SEGMENTATION_MASKS: tf.gather(tf.gather(masks, rows, axis=1), columns, axis=2),
        }
        if feature_keys.BOUNDING_BOXES in example:
            boxes = example[feature_keys.BOUNDING_BOXES]
            example[feature_keys.BOUNDING_BOXES] = fitted_boxes(boxes, starts / shape, tf.stack([share, share]))
        return example
