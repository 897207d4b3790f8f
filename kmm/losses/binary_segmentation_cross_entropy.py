"""Sigmoid cross-entropy for referring segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_loss import BinaryLoss, check_positive_weight
from kmm.losses.pixel_mean import pixel_mean


def binary_pixel_losses(labels, logits, positive_weight=1.0):
    """The cross-entropy of every pixel, shaped as labels and logits."""
    positive = ops.cast(labels == 1, logits.dtype)
    error_logits = (1.0 - 2.0 * positive) * logits  # of the wrong answer
    return ops.softplus(error_logits) * (1.0 + (positive_weight - 1.0) * positive)


def binary_segmentation_cross_entropy(labels, logits, pixel_weights, positive_weight=1.0):
    """The weighted mean of each sample's pixel losses: labels and logits `(..., height, width)` give a loss `(...)`."""
    return pixel_mean(binary_pixel_losses(labels, logits, positive_weight), pixel_weights)


@keras.saving.register_keras_serializable(package="kmm")
class BinarySegmentationCrossEntropy(BinaryLoss):
    """Sigmoid cross-entropy from logits, averaged over the counted pixels of each sample.

    The plain loss of referring segmentation. Where targets are small, most of it comes from background that is already
    answered well: raise `positive_weight`, or use `BinaryCrossEntropyDice`. Pixels labelled `ignore_value` count
    nowhere; a sample without any counted pixel costs 0. An empty target is background all over. Keras' own
    `BinaryCrossentropy` has the same formula, but knows neither ignored pixels nor weights of the target.

    Args:
        positive_weight: factor of the loss of target pixels, above 0; the divisor stays the number of counted pixels.
            `kmm.training.class_weights_from` gives two weights, whose ratio `weights[1] / weights[0]` suits.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: labels `(..., height, width)`, 1 in the target, of any dtype.
        y_pred: logits `(..., height, width, 1)`.
        sample_weight: weights of the samples, `(...)` or its first axes, or of the pixels, `(..., height, width)`.

    Output shape:
        A scalar, or `(...)` with `reduction=None`.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `positive_weight` or `ignore_value` is out of range, at construction; shapes do not fit, at the
            call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.BinarySegmentationCrossEntropy(positive_weight=3.0)
    >>> round(float(loss(np.array([[[1, 0]]]), np.zeros((1, 1, 2, 1)))), 4)  # (3 + 1) / 2 times log(2)
    1.3863
    """

    def __init__(
        self,
        positive_weight=1.0,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="binary_segmentation_cross_entropy",
        dtype=None,
    ):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_positive_weight(positive_weight)
        self.positive_weight = positive_weight

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_segmentation_cross_entropy(labels, logits, pixel_weights, self.positive_weight)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "positive_weight": self.positive_weight}
