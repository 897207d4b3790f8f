"""How well the outlines of classes agree."""

import math

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.boundary_f1 import check_tolerance
from kmm.metrics.boundary_scores import boundary_scores
from kmm.metrics.checked_value import checked_value
from kmm.metrics.segmentation_metric import SegmentationMetric


@keras.saving.register_keras_serializable(package="kmm")
class MeanBoundaryF1(SegmentationMetric):
    """The mean over classes of the F of boundary pixels: the BF score of semantic segmentation.

    Each class of each sample is scored as a binary mask, as `BoundaryF1` does. The score of a class is its mean over
    the samples in which it occurs, in the counted labels or in the counted predictions; so a class that is predicted
    where it is not scores 0 there. Classes that occur nowhere are left out of the mean; with none left the result is
    nan. A class that fills all counted pixels of label and prediction has no boundary, and scores 1.

    Labels that are neither a class nor `ignore_value` are wrong data: `result` and `per_class` then raise a
    `ValueError`. Inside a compiled function, where nothing can be raised, the result is nan.

    Reference: Csurka et al., "What is a Good Evaluation Measure for Semantic Segmentation?", 2013.

    Args:
        num_classes: number of classes, at least 2.
        tolerance: distance as a share of the picture's diagonal, rounded up to whole pixels: at 224 x 224 the default
            is 3 pixels. Counted at the size of the labels.
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
        ValueError: an argument is out of range, at construction; shapes do not fit, at the update; a label is neither a
            class nor `ignore_value`, at the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.MeanBoundaryF1(num_classes=3, tolerance=0.0)
    >>> labels = np.array([[[0, 0, 1, 1]]])
    >>> logits = 9.0 * np.eye(3)[np.array([[[0, 0, 1, 2]]])]
    >>> metric.update_state(labels, logits)
    >>> metric.per_class().round(4)  # class 1 ends where its label does not
    array([1.    , 0.6667, 0.    ], dtype=float32)
    """

    def __init__(
        self,
        num_classes,
        tolerance=0.0075,
        ignore_value=IGNORE_VALUE,
        resize_logits=False,
        name="mean_boundary_f1",
        dtype=None,
    ):
        if num_classes < 2:
            raise ValueError(
                f"num_classes must be at least 2. Received: num_classes={num_classes}. Use BoundaryF1 for binary masks."
            )
        check_tolerance(tolerance)
        super().__init__(num_classes, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype)
        self.num_classes = num_classes
        self.tolerance = tolerance
        self.class_scores = self.add_count("class_scores", (num_classes,))
        self.class_samples = self.add_count("class_samples", (num_classes,))
        self.invalid_labels = self.add_count("invalid_labels")

    def add_samples(self, labels, logits, sample_weights):
        """Add each class's scores, and the samples in which it occurs."""
        height, width = ops.shape(labels)[-2:]
        labels = ops.reshape(labels, (-1, height, width, 1))
        predictions = ops.reshape(ops.top_k(logits, k=1)[1], (-1, height, width, 1))
        weights = ops.reshape(sample_weights, (-1, 1))
        counted = labels != self.ignore_value
        class_ids = ops.arange(self.num_classes, dtype="int32")
        targets, predicted = labels == class_ids, predictions == class_ids  # (samples, height, width, classes)
        scores = boundary_scores(targets, predicted, counted, self.tolerance)
        occurs = ops.any(ops.logical_and(ops.logical_or(targets, predicted), counted), axis=(1, 2))
        class_weights = weights * ops.cast(occurs, "float64")  # (samples, classes)
        self.class_scores.assign_add(ops.sum(scores * class_weights, axis=0))
        self.class_samples.assign_add(ops.sum(class_weights, axis=0))
        is_class = ops.logical_and(labels >= 0, labels < self.num_classes)
        invalid = ops.logical_and(counted, ops.logical_not(is_class))
        invalid_pixels = ops.cast(ops.sum(ops.cast(invalid, "float32"), axis=(1, 2)), "float64")
        self.invalid_labels.assign_add(ops.sum(invalid_pixels * weights))

    def result(self):
        """The mean over the classes that occur; nan when none does."""
        is_present = ops.cast(self.class_samples > 0, "float64")
        mean = ops.divide(ops.sum(self._scores() * is_present), ops.sum(is_present))
        return ops.cast(self._checked(mean), self.dtype)

    def per_class(self):
        """The score of every class as a NumPy array `(num_classes,)`; nan for classes that do not occur."""
        scores = ops.where(self.class_samples > 0, self._scores(), math.nan)
        return ops.convert_to_numpy(ops.cast(self._checked(scores), self.dtype))

    def _scores(self):
        return ops.divide_no_nan(self.class_scores, self.class_samples)

    def _checked(self, value):
        message = (
            f"Labels must be class ids below {self.num_classes} or {self.ignore_value}. Received: {{count}} pixels "
            f"with another label, num_classes={self.num_classes}. Check the masks, or set num_classes or ignore_value."
        )
        return checked_value(value, self.invalid_labels, message)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes, "tolerance": self.tolerance}
