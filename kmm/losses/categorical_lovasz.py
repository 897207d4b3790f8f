"""Lovász-Softmax loss for semantic segmentation."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.categorical_loss import CategoricalLoss, occurring_mean
from kmm.losses.lovasz_weights import lovasz_weights


def categorical_lovasz(class_ids, logits, pixel_weights, class_weights=None):
    """The mean Lovász loss of the classes in each sample: `(..., height, width)` ids give a loss `(...)`."""
    num_classes = logits.shape[-1]
    leading = ops.shape(logits)[:-3]
    is_class = ops.one_hot(class_ids, num_classes, dtype=logits.dtype)
    errors = ops.abs(is_class - ops.softmax(logits, axis=-1))
    errors = ops.swapaxes(ops.reshape(errors, (*leading, -1, num_classes)), -1, -2)  # (..., num_classes, pixels)
    targets = ops.swapaxes(ops.reshape(is_class, (*leading, -1, num_classes)), -1, -2)
    weights = ops.reshape(pixel_weights, (*leading, 1, -1)) * ops.ones_like(targets)
    losses = ops.sum(errors * lovasz_weights(errors, targets, weights), axis=-1)  # (..., num_classes)
    return occurring_mean(losses, ops.sum(weights * targets, axis=-1), class_weights)


@keras.saving.register_keras_serializable(package="kmm")
class CategoricalLovasz(CategoricalLoss):
    """Lovász-Softmax loss: a continuous form of one minus the mean IoU, of each sample on its own.

    For rare classes, and for those who are scored by the mean IoU. A sample costs the mean over the classes that occur
    in it. It works best after, or added to, cross-entropy (`CombinedLoss`). It sorts all pixels for each class, which
    takes time where there are many classes. Pixels labelled `ignore_value` count nowhere; a sample without any counted
    pixel costs 0; a label that is no class makes the loss nan. Keras has no such loss.

    Reference: Berman et al., "The Lovász-Softmax loss: A tractable surrogate for the optimization of the
    intersection-over-union measure in neural networks", 2018.

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
    >>> logits = 40.0 * np.eye(2)[np.array([[[0, 1, 1]]])]  # IoU 1/2 for both classes
    >>> round(float(kmm.losses.CategoricalLovasz()(labels, logits)), 4)
    0.5
    """

    def __init__(
        self,
        class_weights=None,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="categorical_lovasz",
        dtype=None,
    ):
        super().__init__(class_weights, ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        return categorical_lovasz(class_ids, logits, pixel_weights, self.class_weights)
