"""Tversky and focal Tversky loss for referring segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_loss import BinaryLoss
from kmm.losses.check_argument import check_argument

SMALLEST = 1e-7
"""Below it the power of a loss has the slope that it has there, which is finite."""


def binary_tversky(labels, logits, pixel_weights, alpha=0.3, beta=0.7, gamma=1.0):
    """One minus the Tversky index, to a power: labels and logits `(..., height, width)` give a loss `(...)`."""
    positive = ops.cast(labels == 1, logits.dtype)
    errors = pixel_weights * ops.sigmoid((1.0 - 2.0 * positive) * logits)  # the probability given to the wrong answer
    target = ops.sum(pixel_weights * positive, axis=(-2, -1))
    missed = ops.sum(errors * positive, axis=(-2, -1))
    wrong = ops.sum(errors * (1.0 - positive), axis=(-2, -1))
    # Without a target, the share of the background that is lost.
    found = ops.where(target > 0, target - missed, ops.sum(pixel_weights, axis=(-2, -1)) - wrong)
    return tversky_power(found, alpha * wrong + beta * missed, gamma)


def tversky_power(found, cost, gamma):
    """`(cost / (found + cost)) ** gamma`, 0 for 0 / 0, with a finite slope at 0."""
    losses = ops.divide_no_nan(cost, found + cost)
    return losses if gamma == 1 else losses * ops.power(ops.maximum(losses, SMALLEST), gamma - 1)


def check_tversky(alpha, beta, gamma):
    """Refuses arguments out of range."""
    for name, value in (("alpha", alpha), ("beta", beta), ("gamma", gamma)):
        remedy = "Use 1.0 for the plain Tversky loss." if name == "gamma" else "Use 0.5 for both to get Dice."
        check_argument(0 < value < float("inf"), name, value, "finite and above 0", remedy)


@keras.saving.register_keras_serializable(package="kmm")
class BinaryTversky(BinaryLoss):
    """Tversky loss from logits: Dice whose missed pixels cost more than its wrong ones, or the other way round.

    For small targets that must not be missed: `1 - found / (found + alpha * wrong + beta * missed)` for each sample.
    With `gamma` below 1 it is the focal Tversky loss, which dwells on samples that are nearly right; Abraham and Khan
    write the power as `1 / gamma`, so their 4/3 is 0.75 here. Pixels labelled `ignore_value` count nowhere; a sample
    without any counted pixel costs 0. An empty target costs what its background does: 0 for a perfect empty answer.
    Keras' own `Tversky` takes probabilities, the whole batch as one sample, and no ignored pixels.

    Reference: Salehi et al., "Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep Networks",
    2017; Abraham and Khan, "A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion
    Segmentation", 2018.

    Args:
        alpha: cost of a pixel that is marked wrongly, above 0.
        beta: cost of a target pixel that is missed, above 0. With 0.5 for both this is Dice.
        gamma: power of the loss, above 0.
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
    >>> loss = kmm.losses.BinaryTversky(alpha=0.3, beta=0.7)
    >>> labels = np.array([[[1, 1, 0]]])
    >>> missed = np.array([[[20.0, -20.0, -20.0]]])[..., None]
    >>> round(float(loss(labels, missed)), 4)  # 0.7 / (1 + 0.7)
    0.4118
    """

    def __init__(
        self,
        alpha=0.3,
        beta=0.7,
        gamma=1.0,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="binary_tversky",
        dtype=None,
    ):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_tversky(alpha, beta, gamma)
        self.alpha, self.beta, self.gamma = alpha, beta, gamma

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_tversky(labels, logits, pixel_weights, self.alpha, self.beta, self.gamma)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha, "beta": self.beta, "gamma": self.gamma}
