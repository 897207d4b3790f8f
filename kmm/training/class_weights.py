"""Weights that keep rare classes from being forgotten."""

import numpy as np


def class_weights_from(source, split="train", power=0.5):
    """One weight for each class, `frequency ** -power`, scaled so that the average pixel weighs 1.

    Args:
        source: a semantic `kmm.data.Source`.
        split: the split whose pixels are counted.
        power: 0 gives equal weights, 1 inverse frequencies.

    Returns:
        A list of floats; classes that never occur weigh 0.
    """
    counts = np.zeros(256)
    for index in range(source.num_examples(split)):
        counts += np.bincount(source.example(split, index).segmentation_masks[0].ravel(), minlength=256)
    frequencies = counts[: len(source.class_names)] / counts[: len(source.class_names)].sum()
    weights = np.where(frequencies > 0, np.maximum(frequencies, 1e-9) ** -power, 0.0)
    return [float(weight) for weight in weights / (weights * frequencies).sum()]
