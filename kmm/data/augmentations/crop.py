"""Windows of a picture that keep what the words name."""

import dataclasses

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.boxes import fitted_boxes
from kmm.data.augmentations.prompt_words import WHOLE, any_prompt_holds
from kmm.preprocessing import boxes_from_masks

_TRIES = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crop:
    """Cuts a window out of picture, masks and boxes; the base of `RandomCrop` and `FixedCrop`, which say how large.

    Words stay true. Of several windows drawn the first is taken that keeps `min_kept` of the box of every target, or,
    where negatives are wanted, leaves a target out whole, so that its phrase truly names nothing; there is no window
    with a sliver of a target. If none does, or if a prompt holds a word that is true of the whole picture only (places,
    sizes, comparisons and numbers, such as "left", "largest", "all", "two"), the picture stays whole.

    Boxes are cut at the edges of the window, so that they may be larger than what is left of the mask.

    Args:
        min_kept: share of the box of each target that a window must hold. 0 for class-id masks without words.
        negatives: how often windows may leave targets out, as a share of the examples.
        keep_words: `False` crops whatever the words.

    Raises:
        ValueError: if a number is out of its range.
    """

    min_kept: float = 0.8
    negatives: float = 0.0
    keep_words: bool = True

    def __post_init__(self):
        if not (0 <= self.min_kept <= 1 and 0 <= self.negatives <= 1):
            raise ValueError(
                "The share kept and the share of negatives lie in [0, 1]. "
                f"Received: min_kept={self.min_kept}, negatives={self.negatives}."
            )

    def sizes(self, draws, shape):
        """How large the windows are.

        Args:
            draws: float32 `(tries, 2)` in [0, 1).
            shape: float32 `(2,)`, height and width of the picture in pixels.

        Returns:
            float32 `(tries, 2)`, whole numbers of pixels, at most `shape`.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how large its windows are: override `sizes`.")

    def __call__(self, example, key):
        """Crop the example; `key` is the int64 `(2,)` seed of this example."""
        images = example[feature_keys.IMAGES]
        height, width = tf.unstack(tf.shape(images)[:2])
        window = self.window(example, key, height, width)
        top, left, rows, columns = tf.unstack(window)
        images = images[top : top + rows, left : left + columns]
        return {**self.crop_labels(example, window, height, width), feature_keys.IMAGES: images}

    def window(self, example, key, height, width):
        """The window of an example, for readers that decode no more than it.

        Args:
            example: dict; `prompts` and `bounding_boxes`, or `segmentation_masks` for lack of boxes, are read.
            key: the int64 `(2,)` seed of this example.
            height, width: of the picture in pixels.

        Returns:
            int32 `(4,)`: top, left, height and width in pixels, inside the picture.
        """
        shape = tf.cast(tf.stack([height, width]), tf.float32)
        draws = tf.random.stateless_uniform((_TRIES + 1, 4), key)
        sizes = self.sizes(draws[:_TRIES, :2], shape)
        starts = tf.floor(draws[:_TRIES, 2:] * (shape - sizes + 1))  # (tries, 2)
        good = self._good(example, starts, starts + sizes, shape, draws[_TRIES, 0] < self.negatives)
        if self.keep_words:
            good &= ~any_prompt_holds(example, WHOLE)
        first = tf.argmax(good)
        window = tf.where(good[first], tf.concat([starts[first], sizes[first]], 0), tf.concat([[0.0, 0.0], shape], 0))
        return tf.cast(window, tf.int32)

    def crop_labels(self, example, window, height, width):
        """The example with masks and boxes cut to the window; its picture stays.

        Args:
            example: dict whose masks and boxes are of the whole picture.
            window: what `window` gave.
            height, width: of the whole picture in pixels.
        """
        example = dict(example)
        top, left, rows, columns = tf.unstack(window)
        if feature_keys.SEGMENTATION_MASKS in example:
            masks = example[feature_keys.SEGMENTATION_MASKS]
            example[feature_keys.SEGMENTATION_MASKS] = masks[:, top : top + rows, left : left + columns]
        if feature_keys.BOUNDING_BOXES in example:
            shares = tf.cast(window, tf.float32) / tf.cast(tf.stack([height, width, height, width]), tf.float32)
            boxes = example[feature_keys.BOUNDING_BOXES]
            example[feature_keys.BOUNDING_BOXES] = fitted_boxes(boxes, shares[:2], shares[2:])
        return example

    def _good(self, example, starts, ends, shape, negatives):
        """Which windows keep enough of every target: bool `(tries,)`."""
        if feature_keys.BOUNDING_BOXES in example:
            boxes = example[feature_keys.BOUNDING_BOXES]
        elif feature_keys.SEGMENTATION_MASKS in example and self.min_kept > 0:
            boxes = boxes_from_masks(example[feature_keys.SEGMENTATION_MASKS])
        else:
            return tf.fill((_TRIES,), True)
        first, last = boxes[:, :2] * shape, boxes[:, 2:] * shape  # (num_prompts, 2)
        inside = tf.minimum(last, ends[:, None]) - tf.maximum(first, starts[:, None])  # (tries, num_prompts, 2)
        kept, whole = tf.reduce_prod(tf.maximum(inside, 0.0), axis=-1), tf.reduce_prod(last - first, axis=-1)
        good = kept >= whole * (self.min_kept - 1e-4)  # boxes are rounded; without a box both are 0
        return tf.reduce_all(good | (negatives & (kept == 0)), axis=1)
