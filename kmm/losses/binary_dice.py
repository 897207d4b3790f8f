"""Soft Dice loss for referring segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_loss import BinaryLoss


def binary_dice(labels, logits, pixel_weights):
    """One minus the soft Dice coefficient: labels and logits `(..., height, width)` give a loss `(...)`."""
    positive = ops.cast(labels == 1, logits.dtype)
    sign = 1.0 - 2.0 * positive  # -1 in the target, 1 outside
    errors = pixel_weights * ops.sigmoid(sign * logits)  # the probability given to the wrong answer
    total = ops.sum(pixel_weights, axis=(-2, -1))
    target = ops.sum(pixel_weights * positive, axis=(-2, -1))
    error = ops.sum(errors, axis=(-2, -1))
    # 1 - 2 |p y| / (|p| + |y|) = error / (|p| + |y|). Without a target, the same of the background: 1 - p against 1.
    foreground_areas = 2.0 * target + ops.sum(sign * errors, axis=(-2, -1))
    return ops.divide_no_nan(error, ops.where(target > 0, foreground_areas, 2.0 * total - error))


@keras.saving.register_keras_serializable(package="kmm")
class BinaryDice(BinaryLoss):
    """Soft Dice loss from logits, of each sample on its own.

    For small targets: the loss is a share of the target's size, so background does not drown it. Alone it starts
    slowly where nothing is marked yet; `BinaryCrossEntropyDice` adds the cross-entropy. Pixels labelled `ignore_value`
    count nowhere; a sample without any counted pixel costs 0.

    An empty target costs what its background does: 0 for a perfect empty answer, 1 when everything is marked. Keras'
    own `Dice` takes probabilities, gives 1 to a perfect empty answer, and takes the whole batch as one sample.

    Reference: Milletari et al., "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image
    Segmentation", 2016; here with plain instead of squared probabilities in the denominator.

    Args:
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
        ValueError: `ignore_value` is 0 or 1, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> labels = np.array([[[1, 0, 0, 0]]])
    >>> logits = np.array([[[20.0, 20.0, -20.0, -20.0]]])[..., None]  # two marked, one of them right
    >>> round(float(kmm.losses.BinaryDice()(labels, logits)), 4)
    0.3333
    """

    def __init__(self, ignore_value=IGNORE_VALUE, reduction="sum_over_batch_size", name="binary_dice", dtype=None):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_dice(labels, logits, pixel_weights)
