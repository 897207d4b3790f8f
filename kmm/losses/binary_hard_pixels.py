"""Cross-entropy of the hardest pixels, for referring segmentation."""

import keras

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_loss import BinaryLoss, check_positive_weight
from kmm.losses.binary_segmentation_cross_entropy import binary_pixel_losses
from kmm.losses.hardest_pixels import check_hardness, hard_pixel_mean


def binary_hard_pixels(labels, logits, pixel_weights, share=0.25, min_probability=None, positive_weight=1.0):
    """The mean over each sample's hardest pixels: labels and logits `(..., height, width)` give a loss `(...)`."""
    losses = binary_pixel_losses(labels, logits)
    weighted = losses if positive_weight == 1 else binary_pixel_losses(labels, logits, positive_weight)
    return hard_pixel_mean(losses, weighted, pixel_weights, share, min_probability)


@keras.saving.register_keras_serializable(package="kmm")
class BinaryHardPixels(BinaryLoss):
    """Cross-entropy from logits, averaged over the hardest pixels of each sample alone (OHEM, top-k loss).

    For small targets: background that is answered well stays out of the mean altogether, so it cannot drown the rest.
    Hard are the pixels with the largest losses; pixels as hard as the last of them count too. Pixels labelled
    `ignore_value` count nowhere; a sample without any counted pixel costs 0. An empty target is background all over.
    Keras has no such loss.

    Reference: Shrivastava et al., "Training Region-based Object Detectors with Online Hard Example Mining", 2016; for
    pixels Wu et al., "High-performance Semantic Segmentation Using Very Deep Fully Convolutional Networks", 2016.

    Args:
        share: the share of the counted pixels that is averaged over, above 0 and at most 1.
        min_probability: a float between 0 and 1. Pixels that give the right answer less are hard too, however many
            they are. `None` keeps to the share.
        positive_weight: factor of target pixels, above 0; it also decides which pixels are hardest.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: labels `(..., height, width)`, 1 in the target, of any dtype.
        y_pred: logits `(..., height, width, 1)`.
        sample_weight: weights of the samples, `(...)` or its first axes, or of the pixels, `(..., height, width)`;
            these weigh in the mean and do not decide which pixels are hard.

    Output shape:
        A scalar, or `(...)` with `reduction=None`.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: an argument is out of range, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.BinaryHardPixels(share=0.25)
    >>> labels = np.array([[[1, 0, 0, 0]]])
    >>> logits = np.array([[[0.0, -9.0, -9.0, -9.0]]])[..., None]  # only the target is undecided
    >>> round(float(loss(labels, logits)), 4)  # log(2)
    0.6931
    """

    def __init__(
        self,
        share=0.25,
        min_probability=None,
        positive_weight=1.0,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="binary_hard_pixels",
        dtype=None,
    ):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_hardness(share, min_probability)
        check_positive_weight(positive_weight)
        self.share, self.min_probability, self.positive_weight = share, min_probability, positive_weight

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_hard_pixels(labels, logits, pixel_weights, self.share, self.min_probability, self.positive_weight)

    def get_config(self):
        """The constructor's arguments."""
        own = {"share": self.share, "min_probability": self.min_probability, "positive_weight": self.positive_weight}
        return {**super().get_config(), **own}
