"""Cross-entropy of the hardest pixels, for semantic segmentation."""

import keras

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.categorical_loss import CategoricalLoss, weights_of_pixels
from kmm.losses.hardest_pixels import check_hardness, hard_pixel_mean
from kmm.losses.segmentation_cross_entropy import categorical_pixel_losses


def categorical_hard_pixels(class_ids, logits, pixel_weights, class_weights=None, share=0.25, min_probability=None):
    """The mean over each sample's hardest pixels: `(..., height, width)` ids give a loss `(...)`."""
    losses = categorical_pixel_losses(class_ids, logits)
    weighted = losses * weights_of_pixels(class_weights, class_ids, logits.dtype)
    return hard_pixel_mean(losses, weighted, pixel_weights, share, min_probability)


@keras.saving.register_keras_serializable(package="kmm")
class CategoricalHardPixels(CategoricalLoss):
    """Softmax cross-entropy from logits, averaged over the hardest pixels of each sample alone (OHEM, top-k loss).

    For rare classes and fine structures: pixels that are answered well stay out of the mean altogether. Hard are the
    pixels with the largest losses; pixels as hard as the last of them count too. Pixels labelled `ignore_value` count
    nowhere; a sample without any counted pixel costs 0; a label that is no class makes the loss nan. Keras has no such
    loss.

    Reference: Shrivastava et al., "Training Region-based Object Detectors with Online Hard Example Mining", 2016; for
    pixels Wu et al., "High-performance Semantic Segmentation Using Very Deep Fully Convolutional Networks", 2016.

    Args:
        share: the share of the counted pixels that is averaged over, above 0 and at most 1.
        min_probability: a float between 0 and 1. Pixels that give the right class less are hard too, however many they
            are. `None` keeps to the share.
        class_weights: one non-negative float for each class, which multiplies the loss of the pixels of that class; it
            also decides which pixels are hardest. `None` weighs all classes alike.
        ignore_value: label of the pixels that count nowhere.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: class ids `(..., height, width)`, of any dtype.
        y_pred: logits `(..., height, width, num_classes)`.
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
    >>> loss = kmm.losses.CategoricalHardPixels(share=0.5)
    >>> labels = np.array([[[1, 0]]])
    >>> logits = np.array([[[[0.0, 0.0], [9.0, 0.0]]]])  # only the first pixel is undecided
    >>> round(float(loss(labels, logits)), 4)  # log(2)
    0.6931
    """

    def __init__(
        self,
        share=0.25,
        min_probability=None,
        class_weights=None,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="categorical_hard_pixels",
        dtype=None,
    ):
        super().__init__(class_weights, ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_hardness(share, min_probability)
        self.share, self.min_probability = share, min_probability

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return categorical_hard_pixels(
            class_ids, logits, pixel_weights, self.class_weights, self.share, self.min_probability
        )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "share": self.share, "min_probability": self.min_probability}
