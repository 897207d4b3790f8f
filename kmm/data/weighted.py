"""Training more often on what is rare."""

import math

import numpy as np
import tensorflow as tf

from kmm.data.source_wrapper import TRAIN, SourceWrapper, map_examples, range_of, stream_key
from kmm.feature_keys import IGNORE_VALUE

MIN_AREA = 0.0001
"""Share of the picture below which targets are taken for equally small."""

NUM_PROMPTS = 4
"""How many phrases show how large the targets of a picture are, where a source makes its phrases up."""

DEFAULTS = {"semantic": "class", "referring": "area"}
"""What examples are weighed by, for each task."""


class Weighted(SourceWrapper):
    """A source whose training examples are drawn with replacement, some more often than others.

    The weight of a picture is

    - by "class": `1 / share ** power` with the share of pictures that hold its rarest class. For semantic sources
      alone: phrases of a referring one name no classes; weigh it by "area", or give the weights themselves;
    - by "area": the mean of `1 / area ** power` over the targets of its phrases, or over the classes that a semantic
      source finds in it, with the area as a share of the picture. Phrases without a target do not count; pictures with
      none but those have the mean weight.

    The masks of the training split are read once, when the source is made. A picture drawn twice in an epoch comes with
    other texts. Other splits stay as they are.

    Reference: Gupta et al., "LVIS: A Dataset for Large Vocabulary Instance Segmentation", 2019, where the weight by
    class with a power of 0.5 is from.

    Args:
        source: a `kmm.data.Source`, whose training pictures are the same in every epoch.
        by: "class", "area", or a sequence of the weights of all training examples, not negative, used as they are;
            `None` for "class" with a semantic source and "area" with a referring one.
        power: 0 draws all alike, 1 makes classes or areas about equally frequent, below 0 prefers the common or large.
        seed: int, keys the draws together with epoch and index.

    Raises:
        ValueError: if the source has no training split, does not fit `by`, or changes with the epoch as a `Mixture`
            does, or if the weights are not as many as the examples, negative, or all zero.

    Example:

    >>> import kmm
    >>> source = Weighted(kmm.data.ShapesSource((32, 32), num_train=4), by=[0, 1, 0, 3])
    >>> [source.find("train", index)[1] for index in range(4)]
    [3, 3, 1, 3]
    """

    def __init__(self, source, by=None, power=0.5, seed=0):
        super().__init__(source)
        by = DEFAULTS[self.task] if by is None else by
        self.seed, self.by, self.power = seed, by if isinstance(by, str) else "weights", power
        count = source.num_examples(TRAIN) if TRAIN in self.splits else 0
        if not self.stable or count < 1:
            raise ValueError(
                f"Weights need a split {TRAIN!r} with the same pictures in every epoch. Received: "
                f"{type(source).__name__} with {count} training examples. Weight each source first, then mix them: "
                "Mixture([Weighted(...), ...])."
            )
        weights = self._weigh(source, count) if isinstance(by, str) else np.asarray(by, float)
        if weights.shape != (count,) or not np.all(np.isfinite(weights) & (weights >= 0)) or not weights.sum() > 0:
            raise ValueError(
                f"Weights must be {count} numbers, one for each training example, not negative and not all zero. "
                f"Received: an array of shape {weights.shape}, sum {weights.sum()}. Correct `by`."
            )
        limits = np.cumsum(weights)
        self._starts = tf.constant(np.concatenate([[0], limits[:-1] / limits[-1]]), tf.float64)
        self.stable = False

    def address(self, split):
        """See `SourceWrapper.address`."""
        if split != TRAIN:
            return super().address(split)
        count = self.num_examples(split)

        def locate(epoch, index):
            position = epoch * count + index
            draw = tf.random.stateless_uniform((1,), stream_key(("Weighted", self.seed), position), dtype=tf.float64)
            # each draw is an epoch of its own: a picture comes with other texts when it comes again
            return 0, position % 2**31, range_of(self._starts, draw)

        return locate

    def _weigh(self, source, count):
        allowed = ("class", "area") if self.task == "semantic" else ("area",)
        if self.by not in allowed or not math.isfinite(self.power):
            raise ValueError(
                "A semantic source is weighted by 'class' or 'area', a referring one, whose phrases name no classes, "
                f"by 'area', with a finite power. Received: by={self.by!r}, power={self.power} for the task "
                f"{self.task!r}. Or give the weights themselves."
            )
        if self.by == "class":
            found = np.array(list(map_examples(lambda index: _classes(source, index), count)))
            shares = np.where(found, found.mean(axis=0), 1.0)
            return shares.min(axis=1) ** -self.power
        weights = np.array(list(map_examples(lambda index: _area_weight(source, index, self.power), count)))
        known = ~np.isnan(weights)
        return np.where(known, weights, weights[known].mean() if known.any() else 1.0)


def _classes(source, index):
    """For each class whether a picture holds it."""
    masks = source.example(TRAIN, index).segmentation_masks
    return np.bincount(masks.reshape(-1), minlength=256)[: len(source.class_names)] > 0


def _area_weight(source, index, power):
    """The mean weight of a picture's targets or classes, nan if it has none."""
    if source.task == "semantic":
        masks = source.example(TRAIN, index).segmentation_masks[0]
        areas = np.bincount(masks.reshape(-1), minlength=256)[: len(source.class_names)] / masks.size
    else:
        num_prompts = len(source.all_prompts(TRAIN, index)) if hasattr(source, "all_prompts") else NUM_PROMPTS
        masks = source.example(TRAIN, index, num_prompts=max(1, num_prompts)).segmentation_masks
        areas = ((masks > 0) & (masks != IGNORE_VALUE)).mean(axis=(1, 2))
    areas = areas[areas > 0]
    return np.mean(np.maximum(areas, MIN_AREA) ** -power) if len(areas) else math.nan
