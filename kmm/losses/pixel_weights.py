"""Weights of pixels from weights of classes."""

import math

from keras import ops

from kmm.feature_keys import IGNORE_VALUE


def pixel_weights(labels, class_weights, ignore_value=IGNORE_VALUE):
    """The weight of every pixel's class, as `sample_weight` for the loss of a mask.

    For models with several masks, each with weights of its own: call it in `dataset.map` and give `fit` a third
    element, a dict by the names of the outputs. Keras' own `class_weight` does not work for masks. A cross-entropy or
    focal loss of kmm costs the same under such weights as with its own `class_weights`.

    Args:
        labels: class ids `(..., height, width)`, of any dtype; 0 and 1 for a referring mask.
        class_weights: one non-negative float for each class, see `kmm.training.class_weights_from`.
        ignore_value: label of the pixels that count nowhere; they weigh 0.

    Returns:
        float32 `(..., height, width)`; nan at a label that is neither a class nor `ignore_value`.

    Raises:
        ValueError: a class weight is negative or not finite.

    Example:

    >>> import kmm
    >>> kmm.losses.pixel_weights([[0, 1, 255]], class_weights=[0.5, 4.0]).numpy().tolist()
    [[0.5, 4.0, 0.0]]

    In a data set of inputs and two masks, `weights` being a dict from output to class weights:

    >>> def with_weights(inputs, masks):
    ...     return inputs, masks, {name: pixel_weights(masks[name], weights[name]) for name in masks}
    """
    class_weights = [float(weight) for weight in class_weights]
    if not all(0 <= weight < math.inf for weight in class_weights):
        raise ValueError(
            f"Class weights must be finite and not negative. Received: class_weights={class_weights}. "
            "Use 0.0 for a class that shall not count."
        )
    labels = ops.cast(labels, "int32")
    is_class = ops.logical_and(labels >= 0, labels < len(class_weights))
    weights = ops.take(ops.convert_to_tensor(class_weights, dtype="float32"), ops.where(is_class, labels, 0))
    return ops.where(ops.equal(labels, ignore_value), 0.0, ops.where(is_class, weights, math.nan))
