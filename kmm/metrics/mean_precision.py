"""The class mean of precision, from one confusion matrix."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.confusion_matrix_metric import ConfusionMatrixMetric


@keras.saving.register_keras_serializable(package="kmm")
class MeanPrecision(ConfusionMatrixMetric):
    """The mean over classes of the share of their predicted pixels that is right: macro precision, from logits.

    Low where classes are predicted too often. Classes found neither in the labels nor in the predictions are left out
    of the mean; one that is labelled and never predicted scores 0, so that avoiding a hard class never pays. With none
    left the result is nan.

    Labels that are neither a class nor `ignore_value` are wrong data: `result` and `per_class` then raise a
    `ValueError`. Inside a compiled function, where nothing can be raised, `result` is nan; so `model.fit` shows nan and
    raises at the end of the epoch.

    Args:
        num_classes: number of classes, at least 2.
        ignore_value: label of the pixels that count nowhere.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted: scores at the masks' own resolution. Otherwise both must have the same size.
        name: name of the metric.
        dtype: dtype of the result.

    Call arguments:
        y_true: class ids `(..., height, width)`, of any dtype.
        y_pred: logits `(..., height, width, num_classes)`.
        sample_weight: one weight for each sample, `(...)` or its first axes. Weights of pixels are refused.

    Output shape:
        A scalar; `per_class()` gives a NumPy array `(num_classes,)`.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `num_classes` is too small, at construction; shapes do not fit, at the update; a label is neither a
            class nor `ignore_value`, at the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.MeanPrecision(num_classes=3)
    >>> labels = np.array([[[0, 0], [1, 255]]])
    >>> logits = 9.0 * np.eye(3)[np.array([[[0, 1], [1, 1]]])]
    >>> metric.update_state(labels, logits)
    >>> float(metric.result())  # all of class 0, 1/2 of class 1
    0.75
    >>> metric.per_class()
    array([1. , 0.5, nan], dtype=float32)
    """

    def __init__(self, num_classes, ignore_value=IGNORE_VALUE, resize_logits=False, name="mean_precision", dtype=None):
        super().__init__(num_classes, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype)

    def class_scores(self, intersections, label_areas, predicted_areas):
        """Intersection over prediction."""
        return ops.divide_no_nan(intersections, predicted_areas)
