"""Soft Dice loss for semantic segmentation."""

import keras

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.categorical_loss import CategoricalLoss
from kmm.losses.categorical_tversky import categorical_tversky


def categorical_dice(class_ids, logits, pixel_weights, class_weights=None):
    """The mean Dice loss of the classes in each sample: `(..., height, width)` ids give a loss `(...)`."""
    return categorical_tversky(class_ids, logits, pixel_weights, class_weights, alpha=0.5, beta=0.5)


@keras.saving.register_keras_serializable(package="kmm")
class CategoricalDice(CategoricalLoss):
    """Soft Dice loss from logits for several classes, of each sample on its own.

    For rare classes: each class of a sample counts the same, however small it is. A sample costs the mean over the
    classes that occur in it of `1 - 2 |p y| / (|p| + |y|)`, with softmax probabilities p. Pixels given to a class that
    does not occur are missed by one that does. Pixels labelled `ignore_value` count nowhere; a sample without any
    counted pixel costs 0. Keras' own `Dice` takes probabilities, no ignored pixels, and the whole batch as one sample.

    Reference: Milletari et al., "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image
    Segmentation", 2016; here with plain instead of squared probabilities in the denominator.

    Args:
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
        ValueError: a class weight is negative or not finite, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> labels = np.array([[[0, 0, 1]]])
    >>> logits = 40.0 * np.eye(3)[np.array([[[0, 1, 1]]])]  # class 2 occurs nowhere
    >>> round(float(kmm.losses.CategoricalDice()(labels, logits)), 4)  # 1/3 for each of the two others
    0.3333
    """

    def __init__(
        self,
        class_weights=None,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="categorical_dice",
        dtype=None,
    ):
        super().__init__(class_weights, ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return categorical_dice(class_ids, logits, pixel_weights, self.class_weights)
