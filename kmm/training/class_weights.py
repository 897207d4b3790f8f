"""Weights that keep rare classes from being forgotten."""

import numpy as np
import tensorflow as tf

from kmm.feature_keys import IGNORE_VALUE

METHODS = ("power", "inverse", "median", "effective")
"""How the weight of a class follows from its pixels."""

NUM_PROMPTS = 4
"""How many phrases show how large the targets of a picture are, where a source makes its phrases up."""

MOST_CLASSES = 256
"""Labels are bytes, unless a larger number of classes is given."""


def class_weights_from(
    data, split="train", power=0.5, method="power", beta=None, num_classes=None, ignore_value=IGNORE_VALUE
):
    """One weight for each class, large for rare ones, scaled so that the average pixel weighs 1.

    For the `class_weights` of a loss, for `kmm.losses.pixel_weights`, or, where there are two, as the `positive_weight`
    `weights[1] / weights[0]` of a binary loss. With f the share of a class among all counted pixels, its weight is

    - "power": `f ** -power`;
    - "inverse": `1 / f`, so that all classes together weigh the same;
    - "median": the median of all g by the class's own g, its share of the pixels of those masks that hold it;
    - "effective": `(1 - beta) / (1 - beta ** n)` with its number n of pixels: between equal weights and inverse ones.

    Reference: Eigen and Fergus, "Predicting Depth, Surface Normals and Semantic Labels with a Common Multi-Scale
    Convolutional Architecture", 2015, for the median frequency; Cui et al., "Class-Balanced Loss Based on Effective
    Number of Samples", 2019.

    Args:
        data: a `kmm.data.Source`, semantic or referring (background and target), or a `tf.data.Dataset` that ends, of
            `(inputs, masks)` with masks `(..., height, width)`, or a dict of masks by output.
        split: the split of a source whose pixels are counted.
        power: of the method "power": 0 gives equal weights, 1 inverse frequencies.
        method: "power", "inverse", "median" or "effective".
        beta: of the method "effective", at least 0 and below 1; `None` for `(N - 1) / N`, with N counted pixels in all.
        num_classes: of a data set: the number of classes, or a dict of it by output; `None` takes the largest label.
        ignore_value: label of the pixels that do not count.

    Returns:
        A list of floats; classes that never occur weigh 0. For a dict of masks a dict of such lists.

    Raises:
        ValueError: if a method or number makes no sense, a label is no class, no pixel counts, or a data set has no
            masks or no end.

    Example:

    >>> masks = tf.constant([[[0, 0, 0, 1]]])  # one mask of 1 x 4 pixels
    >>> dataset = tf.data.Dataset.from_tensors((tf.zeros((1, 1, 4, 3)), masks))
    >>> class_weights_from(dataset, method="inverse")  # 1.5 to 0.5: 3 x 2/3 and 1 x 2 make 4 pixels
    [0.6666666666666666, 2.0]
    """
    if method not in METHODS:
        raise ValueError(f"A method is one of {METHODS}. Received: method={method!r}. Use 'inverse'.")
    if not np.isfinite(power) or not (beta is None or 0 <= beta < 1):
        raise ValueError(
            "power must be finite, and beta at least 0 and below 1. Received: "
            f"power={power}, beta={beta}. Use power=0.5 and beta=None."
        )
    if isinstance(data, tf.data.Dataset):
        counts = _count_dataset(data, num_classes, ignore_value)
    else:
        semantic = data.task == "semantic"
        names = data.class_names if semantic else ("background", "target")
        counts = _Counts(len(names), ignore_value)
        for index in range(data.num_examples(split)):
            for mask in _masks(data, split, index):
                counts.add(mask, f"example {index} of {split!r} in {data.name!r}")
    if isinstance(counts, dict):
        return {name: one.weights(method, power, beta) for name, one in counts.items()}
    return counts.weights(method, power, beta)


def _masks(source, split, index):
    """The masks of one example that are counted."""
    if source.task == "semantic":
        return source.example(split, index).segmentation_masks[:1]
    num_prompts = len(source.all_prompts(split, index)) if hasattr(source, "all_prompts") else NUM_PROMPTS
    return source.example(split, index, num_prompts=max(1, num_prompts)).segmentation_masks


def _count_dataset(dataset, num_classes, ignore_value):
    """The counts of a data set's masks, or a dict of them."""
    spec = dataset.element_spec
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("The data set must end. Received: an endless one. Use `dataset.take(1000)`, or do not repeat.")
    if not isinstance(spec, tuple) or len(spec) < 2:
        raise ValueError(
            f"A data set must give (inputs, masks). Received: elements {spec}. Map it: `lambda masks: (masks, masks)`."
        )
    sizes = num_classes if isinstance(num_classes, dict) else {}
    masks_of = spec[1] if isinstance(spec[1], dict) else {None: spec[1]}
    counts = {
        name: _Counts(sizes.get(name) if isinstance(num_classes, dict) else num_classes, ignore_value)
        for name in masks_of
    }
    for number, (_, masks, *_) in enumerate(dataset.as_numpy_iterator()):
        for name, one in counts.items():
            batch = masks if name is None else masks[name]
            place = f"element {number}" + ("" if name is None else f", output {name!r}")
            for mask in batch.reshape((-1, *batch.shape[-2:])):
                one.add(mask, place)
    return counts[None] if None in counts else counts


class _Counts:
    """Pixels of each class, and of the masks that hold it."""

    def __init__(self, num_classes, ignore_value):
        self.num_classes, self.ignore_value = num_classes, ignore_value
        self.most = max(MOST_CLASSES, num_classes or 0)
        self.pixels, self.holding = np.zeros(self.most), np.zeros(self.most)

    def add(self, mask, place):
        labels = mask[mask != self.ignore_value].astype("int64")
        limit = self.num_classes or MOST_CLASSES
        if labels.size and not 0 <= labels.min() <= labels.max() < limit:
            wrong = int(labels.max() if labels.max() >= limit else labels.min())
            raise ValueError(
                f"Labels must be 0 to {limit - 1}, or {self.ignore_value} where a pixel does not count. "
                f"Received: label {wrong} in {place}. Correct the masks, or the number of classes."
            )
        found = np.bincount(labels, minlength=self.most)
        self.pixels += found
        self.holding += (found > 0) * labels.size

    def weights(self, method, power, beta):
        size = self.num_classes or max(2, int(np.max(np.nonzero(self.pixels)[0], initial=0)) + 1)
        pixels, holding = self.pixels[:size], self.holding[:size]
        total = pixels.sum()
        if total == 0:
            raise ValueError("There must be pixels that count. Received: none. Choose another split, or see the masks.")
        frequencies, occurs = pixels / total, pixels > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            if method == "median":
                shares = pixels / holding
                weights = np.median(shares[occurs]) / shares
            elif method == "effective":
                beta = (total - 1) / total if beta is None else beta
                weights = -1 / np.expm1(pixels * np.log(beta))
            else:
                weights = np.maximum(frequencies, 1e-9) ** -(power if method == "power" else 1.0)
        weights = np.where(occurs, weights, 0.0)
        return [float(weight) for weight in weights / (weights * frequencies).sum()]
