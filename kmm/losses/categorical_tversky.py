"""Tversky and focal Tversky loss for semantic segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_tversky import check_tversky, tversky_power
from kmm.losses.categorical_loss import CategoricalLoss, occurring_mean


def categorical_tversky(class_ids, logits, pixel_weights, class_weights=None, alpha=0.3, beta=0.7, gamma=1.0):
    """The mean Tversky loss of the classes in each sample: `(..., height, width)` ids give a loss `(...)`."""
    probabilities = ops.softmax(logits, axis=-1)
    is_class = ops.one_hot(class_ids, logits.shape[-1], dtype=logits.dtype)
    weights = pixel_weights[..., None]
    missed = ops.sum(weights * is_class * (1.0 - probabilities), axis=(-3, -2))  # (..., num_classes)
    wrong = ops.sum(weights * (1.0 - is_class) * probabilities, axis=(-3, -2))
    areas = ops.sum(weights * is_class, axis=(-3, -2))
    return occurring_mean(tversky_power(areas - missed, alpha * wrong + beta * missed, gamma), areas, class_weights)


@keras.saving.register_keras_serializable(package="kmm")
class CategoricalTversky(CategoricalLoss):
    """Tversky loss from logits for several classes: Dice whose missed pixels cost more, or the other way round.

    For rare classes: each class of a sample counts the same, however small it is. The loss of a class is
    `1 - found / (found + alpha * wrong + beta * missed)` in softmax probabilities; a sample costs the mean over the
    classes that occur in it. Pixels given to a class that does not occur are missed by one that does. With `gamma`
    below 1 it is the focal Tversky loss; the 4/3 of Abraham and Khan is 0.75 here. Pixels labelled `ignore_value` count
    nowhere; a sample without any counted pixel costs 0. Keras' own `Tversky` takes probabilities, the whole batch as
    one sample, and no ignored pixels.

    Reference: Salehi et al., "Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep Networks",
    2017; Abraham and Khan, "A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion
    Segmentation", 2018.

    Args:
        alpha: cost of a pixel that is given to the class wrongly, above 0.
        beta: cost of a pixel of the class that is missed, above 0. With 0.5 for both this is Dice.
        gamma: power of the loss of each class, above 0.
        class_weights: weights of the classes in the mean, not negative; `None` weighs all alike.
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
    >>> loss = kmm.losses.CategoricalTversky(alpha=0.3, beta=0.7)
    >>> labels = np.array([[[0, 0, 1]]])
    >>> logits = 40.0 * np.eye(2)[np.array([[[0, 1, 1]]])]
    >>> round(float(loss(labels, logits)), 4)  # half of class 0 missed, one pixel too many of class 1
    0.3213
    """

    def __init__(
        self,
        alpha=0.3,
        beta=0.7,
        gamma=1.0,
        class_weights=None,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="categorical_tversky",
        dtype=None,
    ):
        super().__init__(class_weights, ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_tversky(alpha, beta, gamma)
        self.alpha, self.beta, self.gamma = alpha, beta, gamma

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return categorical_tversky(
            class_ids, logits, pixel_weights, self.class_weights, self.alpha, self.beta, self.gamma
        )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha, "beta": self.beta, "gamma": self.gamma}
