"""Binary cross-entropy plus Dice for referring segmentation."""

import keras

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_dice import binary_dice
from kmm.losses.binary_loss import BinaryLoss, check_positive_weight
from kmm.losses.binary_segmentation_cross_entropy import binary_segmentation_cross_entropy
from kmm.losses.check_argument import check_argument


def binary_cross_entropy_dice(labels, logits, pixel_weights, dice_weight=1.0, positive_weight=1.0):
    """Cross-entropy plus weighted Dice loss: labels and logits `(..., height, width)` give a loss `(...)`."""
    cross_entropies = binary_segmentation_cross_entropy(labels, logits, pixel_weights, positive_weight)
    return cross_entropies + dice_weight * binary_dice(labels, logits, pixel_weights)


@keras.saving.register_keras_serializable(package="kmm")
class BinaryCrossEntropyDice(BinaryLoss):
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
        check_argument(
            0 <= dice_weight < float("inf"),
            "dice_weight",
            dice_weight,
            "finite and not negative",
            "Use 0.0 for cross-entropy alone.",
        )
        check_positive_weight(positive_weight)
        self.dice_weight = dice_weight
        self.positive_weight = positive_weight

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_cross_entropy_dice(labels, logits, pixel_weights, self.dice_weight, self.positive_weight)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "dice_weight": self.dice_weight, "positive_weight": self.positive_weight}
