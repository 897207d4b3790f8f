"""Focal loss for semantic segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.categorical_loss import CategoricalLoss, weights_of_pixels
from kmm.losses.check_argument import check_argument
from kmm.losses.pixel_mean import pixel_mean
from kmm.losses.segmentation_cross_entropy import categorical_pixel_losses

SMALLEST = 1e-7
"""Errors below it count as much: the slope of a power below 1 stays finite."""


def categorical_focal(class_ids, logits, pixel_weights, class_weights=None, gamma=2.0):
    """The mean of `(1 - p) ** gamma * -log(p)`: `(..., height, width)` ids give a loss `(...)`."""
    losses = categorical_pixel_losses(class_ids, logits)
    if gamma != 0:
        losses = losses * ops.power(ops.maximum(-ops.expm1(-losses), SMALLEST), gamma)
    return pixel_mean(losses * weights_of_pixels(class_weights, class_ids, logits.dtype), pixel_weights)


@keras.saving.register_keras_serializable(package="kmm")
class CategoricalFocal(CategoricalLoss):
    """Focal loss from logits for several classes: cross-entropy times `(1 - p) ** gamma`, p that of the right class.

    For rare classes: pixels that are already answered well hardly count. It is the mean over the counted pixels of each
    sample, whereas Lin et al. divide by the number of objects. Pixels labelled `ignore_value` count nowhere; a sample
    without any counted pixel costs 0; a label that is no class makes the loss nan. Keras' own
    `CategoricalFocalCrossentropy` needs one-hot labels and clips the probabilities of logits, so very wrong answers get
    no gradient.

    Reference: Lin et al., "Focal Loss for Dense Object Detection", 2017.

    Args:
        gamma: how little easy pixels count, at least 0; 0 is cross-entropy.
        class_weights: one non-negative float for each class, which multiplies the loss of the pixels of that class, the
            `alpha` of the paper; the divisor stays the number of counted pixels. `None` weighs all classes alike.
        ignore_value: label of the pixels that count nowhere.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: class ids `(..., height, width)`, of any dtype.
        y_pred: logits `(..., height, width, num_classes)`.
        sample_weight: weights of the samples, `(...)` or its first axes, or of the pixels, `(..., height, width)`.

    Output shape:
        A scalar, or `(...)` with `reduction=None`.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: an argument is out of range, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.CategoricalFocal(gamma=2.0)
    >>> round(float(loss(np.array([[[1]]]), np.zeros((1, 1, 1, 2)))), 4)  # log(2) / 4
    0.1733
    """

    def __init__(
        self,
        gamma=2.0,
        class_weights=None,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="categorical_focal",
        dtype=None,
    ):
        super().__init__(class_weights, ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_argument(
            0 <= gamma < float("inf"), "gamma", gamma, "finite and not negative", "Use 2.0, or 0.0 for cross-entropy."
        )
        self.gamma = gamma

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return categorical_focal(class_ids, logits, pixel_weights, self.class_weights, self.gamma)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "gamma": self.gamma}
