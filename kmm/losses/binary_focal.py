"""Focal loss for referring segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_loss import BinaryLoss, check_positive_weight
from kmm.losses.binary_segmentation_cross_entropy import binary_pixel_losses
from kmm.losses.check_argument import check_argument
from kmm.losses.pixel_mean import pixel_mean


def binary_focal(labels, logits, pixel_weights, gamma=2.0, positive_weight=1.0):
    """The mean of `(1 - p) ** gamma * -log(p)`: labels and logits `(..., height, width)` give a loss `(...)`."""
    sign = 1.0 - 2.0 * ops.cast(labels == 1, logits.dtype)
    modulations = ops.exp(-gamma * ops.softplus(-sign * logits))  # sigmoid ** gamma, with a gradient everywhere
    return pixel_mean(modulations * binary_pixel_losses(labels, logits, positive_weight), pixel_weights)


@keras.saving.register_keras_serializable(package="kmm")
class BinaryFocal(BinaryLoss):
    """Focal loss from logits: cross-entropy times `(1 - p) ** gamma`, with p the probability of the right answer.

    For small targets: pixels that are already answered well, most of the background, hardly count. It is the mean over
    the counted pixels of each sample, whereas Lin et al. divide by the number of objects. Pixels labelled
    `ignore_value` count nowhere; a sample without any counted pixel costs 0. An empty target is background all over.
    Keras' own `BinaryFocalCrossentropy` clips the probabilities of logits, so very wrong answers get no gradient.

    Reference: Lin et al., "Focal Loss for Dense Object Detection", 2017.

    Args:
        gamma: how little easy pixels count, at least 0; 0 is cross-entropy.
        positive_weight: factor of target pixels, above 0. Their `alpha` is `alpha / (1 - alpha)` here.
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
        ValueError: an argument is out of range, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.BinaryFocal(gamma=2.0)
    >>> round(float(loss(np.ones((1, 1, 1)), np.zeros((1, 1, 1, 1)))), 4)  # log(2) / 4
    0.1733
    """

    def __init__(
        self,
        gamma=2.0,
        positive_weight=1.0,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="binary_focal",
        dtype=None,
    ):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_argument(
            0 <= gamma < float("inf"), "gamma", gamma, "finite and not negative", "Use 2.0, or 0.0 for cross-entropy."
        )
        check_positive_weight(positive_weight)
        self.gamma = gamma
        self.positive_weight = positive_weight

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_focal(labels, logits, pixel_weights, self.gamma, self.positive_weight)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "gamma": self.gamma, "positive_weight": self.positive_weight}
