"""Lovász hinge loss for referring segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.binary_loss import BinaryLoss
from kmm.losses.lovasz_weights import lovasz_weights


def binary_lovasz(labels, logits, pixel_weights):
    """The Lovász extension of the Jaccard loss at the hinge errors: `(..., height, width)` gives a loss `(...)`."""
    shape = (*ops.shape(logits)[:-2], -1)
    positive = ops.reshape(ops.cast(labels == 1, logits.dtype), shape)  # (..., pixels)
    weights = ops.reshape(pixel_weights, shape)
    errors = ops.relu(1.0 + (1.0 - 2.0 * positive) * ops.reshape(logits, shape))
    has_target = ops.any(weights * positive > 0, axis=-1, keepdims=True)
    targets = ops.where(has_target, positive, 1.0)  # without a target, the background's own Jaccard loss
    return ops.sum(errors * lovasz_weights(errors, targets, weights), axis=-1)


@keras.saving.register_keras_serializable(package="kmm")
class BinaryLovasz(BinaryLoss):
    """Lovász hinge loss: a convex bound of one minus the IoU, of each sample on its own.

    For those who are scored by the mean IoU of samples, and for small targets. It follows the hinge `1 - z` (z the
    logit, negated outside the target), so logits grow to about 1 and no further: their sigmoid is no calibrated
    probability. It works best after, or added to, cross-entropy (`CombinedLoss`). Pixels labelled `ignore_value` count
    nowhere; a sample without any counted pixel costs 0.

    An empty target costs what its background does, the mean hinge of its pixels: 0 for a clear empty answer. Berman et
    al. leave the whole loss to its one worst pixel there. Keras has no such loss.

    Reference: Berman et al., "The Lovász-Softmax loss: A tractable surrogate for the optimization of the
    intersection-over-union measure in neural networks", 2018.

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
    >>> logits = np.array([[[1.0, 1.0, -1.0, -1.0]]])[..., None]  # one of the two marked ones is wrong: IoU 1/2
    >>> float(kmm.losses.BinaryLovasz()(labels, logits))  # an error of 2 times the loss of IoU
    1.0
    """

    def __init__(self, ignore_value=IGNORE_VALUE, reduction="sum_over_batch_size", name="binary_lovasz", dtype=None):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return binary_lovasz(labels, logits, pixel_weights)
