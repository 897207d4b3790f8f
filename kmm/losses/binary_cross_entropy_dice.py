"""Binary cross-entropy plus Dice for referring segmentation."""

import math

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.segmentation_loss import SegmentationLoss


def binary_cross_entropy_dice(labels, logits, pixel_weights, dice_weight=1.0, positive_weight=1.0):
    """Cross-entropy plus weighted Dice loss: labels and logits `(..., height, width)` give a loss `(...)`."""
    positive = ops.cast(labels == 1, logits.dtype)
    sign = 1.0 - 2.0 * positive  # -1 in the target, 1 outside
    error_logits = sign * logits
    cross_entropies = ops.softplus(error_logits) * (1.0 + (positive_weight - 1.0) * positive)
    errors = pixel_weights * ops.sigmoid(error_logits)  # the probability given to the wrong answer
    total = ops.sum(pixel_weights, axis=(-2, -1))
    target = ops.sum(pixel_weights * positive, axis=(-2, -1))
    error = ops.sum(errors, axis=(-2, -1))
    # 1 - 2 |p y| / (|p| + |y|) = error / (|p| + |y|). Without a target, the same of the background: 1 - p against 1.
    foreground_areas = 2.0 * target + ops.sum(sign * errors, axis=(-2, -1))
    dice_losses = ops.divide_no_nan(error, ops.where(target > 0, foreground_areas, 2.0 * total - error))
    mean_cross_entropies = ops.divide_no_nan(ops.sum(cross_entropies * pixel_weights, axis=(-2, -1)), total)
    return mean_cross_entropies + dice_weight * dice_losses


@keras.saving.register_keras_serializable(package="kmm")
class BinaryCrossEntropyDice(SegmentationLoss):
    """Binary cross-entropy plus soft Dice loss, both from logits and both for each sample.

    For referring segmentation, where a phrase names a part of the picture, often a small one: cross-entropy gives a
    smooth start, Dice keeps small targets from being drowned by background. Pixels labelled `ignore_value` count
    nowhere; a sample without any counted pixel costs 0. Labels other than 1 and `ignore_value` are background.

    The Dice loss of an empty target is the one of its background: 0 for a perfect empty answer, 1 when everything is
    marked, and with a gradient that does not fade for large pictures. So no smoothing constant is needed.

    Reference: Milletari et al., "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image
    Segmentation", 2016, for Dice; here with plain instead of squared probabilities in the denominator.

    Args:
        dice_weight: factor of the Dice loss, at least 0.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        positive_weight: factor of the cross-entropy of target pixels, above 0.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: labels `(..., height, width)`, 1 in the target, of any dtype.
        y_pred: logits `(..., height, width, 1)`.
        sample_weight: weights of the samples, `(...)` or its first axes, or of the pixels, `(..., height, width)`. A
            sample whose pixels all weigh `w` costs the same as a sample that weighs `w`.

    Output shape:
        A scalar, or `(...)` with `reduction=None`.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: a factor or `ignore_value` is out of range, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.BinaryCrossEntropyDice()
    >>> empty_target = np.zeros((1, 2, 2))
    >>> empty_answer = np.full((1, 2, 2, 1), -20.0)
    >>> round(float(loss(empty_target, empty_answer)), 4)
    0.0
    >>> round(float(loss(empty_target, -empty_answer)), 4)  # 20 for cross-entropy, 1 for Dice
    21.0
    """

    def __init__(
        self,
        dice_weight=1.0,
        ignore_value=IGNORE_VALUE,
        positive_weight=1.0,
        reduction="sum_over_batch_size",
        name="binary_cross_entropy_dice",
        dtype=None,
    ):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        if ignore_value in (0, 1):
            raise ValueError(
                f"ignore_value must be neither 0 nor 1. Received: ignore_value={ignore_value}. Use 255 or -1."
            )
        if not 0 <= dice_weight < math.inf:
            raise ValueError(
                f"dice_weight must be finite and not negative. Received: dice_weight={dice_weight}. "
                "Use 0.0 for cross-entropy alone."
            )
        if not 0 < positive_weight < math.inf:
            raise ValueError(
                f"positive_weight must be finite and above 0. Received: positive_weight={positive_weight}. "
                "Use 1.0 to weigh target and background alike."
            )
        self.dice_weight = dice_weight
        self.positive_weight = positive_weight

    def sample_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        if logits.shape[-1] != 1:
            raise ValueError(
                f"Binary logits must have one channel. Received: logits.shape={tuple(logits.shape)}. "
                "Use SegmentationCrossEntropy for more classes."
            )
        logits = ops.squeeze(logits, axis=-1)
        return binary_cross_entropy_dice(labels, logits, pixel_weights, self.dice_weight, self.positive_weight)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "dice_weight": self.dice_weight, "positive_weight": self.positive_weight}
