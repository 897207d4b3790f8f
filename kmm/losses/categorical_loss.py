"""What the losses of several classes share."""

import math

from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.segmentation_loss import SegmentationLoss


class CategoricalLoss(SegmentationLoss):
    """Base of the losses for semantic segmentation; subclasses implement `class_losses`.

    A label that is neither a class nor `ignore_value` makes the loss nan, so that wrong data is seen at once.

    Args:
        class_weights: one non-negative float for each class; `None` weighs all classes alike.
        ignore_value: label of the pixels that count nowhere.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: a class weight is negative or not finite, at construction; the logits have one channel, or their
            number does not fit the class weights, at the call.
    """

    binary = False

    def __init__(
        self, class_weights=None, ignore_value=IGNORE_VALUE, reduction="sum_over_batch_size", name=None, dtype=None
    ):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        if class_weights is not None:
            class_weights = [float(weight) for weight in class_weights]
            if not all(0 <= weight < math.inf for weight in class_weights):
                raise ValueError(
                    f"Class weights must be finite and not negative. Received: class_weights={class_weights}. "
                    "Use 0.0 for a class that shall not count."
                )
        self.class_weights = class_weights

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`.

        Args:
            class_ids: int32 `(..., height, width)`, each one a class, also at ignored pixels.
            logits: `(..., height, width, num_classes)`.
            pixel_weights: `(..., height, width)`, 0 at ignored pixels.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement class_losses(labels, logits, pixel_weights).")

    def sample_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        num_classes = logits.shape[-1]
        if num_classes == 1:
            raise ValueError(
                "There must be a channel of logits for each class, and at least two. Received: "
                f"logits.shape={tuple(logits.shape)}. Use BinaryCrossEntropyDice or another binary loss."
            )
        if self.class_weights is not None and len(self.class_weights) != num_classes:
            raise ValueError(
                "There must be one class weight for each channel of the logits. Received: "
                f"class_weights={self.class_weights}, logits.shape={tuple(logits.shape)}. "
                f"Give {num_classes} weights."
            )
        is_class = ops.logical_and(labels >= 0, labels < num_classes)
        losses = self.class_losses(ops.where(is_class, labels, 0), logits, pixel_weights)
        is_wrong = ops.logical_not(ops.logical_or(is_class, ops.equal(pixel_weights, 0)))
        return ops.where(ops.any(is_wrong, axis=(-2, -1)), math.nan, losses)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "class_weights": self.class_weights}


def weights_of_pixels(class_weights, class_ids, dtype):
    """The weight of each pixel's class, shaped as the ids; 1 without weights.

    >>> [float(weight) for weight in weights_of_pixels([0.5, 2.0], [1, 0, 1], "float32")]
    [2.0, 0.5, 2.0]
    """
    if class_weights is None:
        return ops.ones_like(class_ids, dtype=dtype)
    return ops.take(ops.convert_to_tensor(class_weights, dtype=dtype), class_ids)


def occurring_mean(losses, areas, class_weights):
    """The mean over the classes that occur in each sample, `(...)`.

    Args:
        losses: the loss of each class, `(..., num_classes)`.
        areas: the pixels of each class in the labels, `(..., num_classes)`.
        class_weights: weights of the classes in the mean, or `None`.
    """
    weights = ops.cast(areas > 0, losses.dtype)
    if class_weights is not None:
        weights = weights * ops.convert_to_tensor(class_weights, dtype=losses.dtype)
    return ops.divide_no_nan(ops.sum(weights * losses, axis=-1), ops.sum(weights, axis=-1))
