"""The class mean of IoU, from one confusion matrix."""

import math

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.segmentation_metric import SegmentationMetric


@keras.saving.register_keras_serializable(package="kmm")
class MeanIoU(SegmentationMetric):
    """The mean over classes of intersection over union, from logits: the mIoU of semantic segmentation.

    One confusion matrix is summed over all samples. Classes found neither in the labels nor in the predictions are left
    out of the mean; with none left the result is nan. Not the sample mean of the referring literature, which is
    `SampleMeanIoU`.

    Labels that are neither a class nor `ignore_value` are wrong data: `result` and `per_class` then raise a
    `ValueError`. Inside a compiled function, where nothing can be raised, `result` is nan; so `model.fit` shows nan and
    raises at the end of the epoch.

    Reference: Everingham et al., "The Pascal Visual Object Classes Challenge: A Retrospective", 2015.

    Args:
        num_classes: number of classes, at least 2.
        ignore_value: label of the pixels that count nowhere.
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
    >>> metric = kmm.metrics.MeanIoU(num_classes=3)
    >>> labels = np.array([[[0, 0], [1, 255]]])
    >>> logits = 9.0 * np.eye(3)[np.array([[[0, 1], [1, 1]]])]
    >>> metric.update_state(labels, logits)
    >>> float(metric.result())
    0.5
    >>> metric.per_class()
    array([0.5, 0.5, nan], dtype=float32)
    """

    def __init__(self, num_classes, ignore_value=IGNORE_VALUE, name="mean_iou", dtype=None):
        if num_classes < 2:
            raise ValueError(
                f"num_classes must be at least 2. Received: num_classes={num_classes}. "
                "Use OverallIoU or SampleMeanIoU for binary masks."
            )
        super().__init__(num_classes, ignore_value=ignore_value, name=name, dtype=dtype)
        self.num_classes = num_classes
        self.confusion_matrix = self.add_count("confusion_matrix", (num_classes, num_classes))
        self.invalid_labels = self.add_count("invalid_labels")

    def add_samples(self, labels, logits, sample_weights):
        """Add the pixels to the confusion matrix, row: label, column: prediction."""
        num_classes = self.num_classes
        predictions = ops.top_k(logits, k=1)[1][..., 0]  # half the time of argmax on a CPU
        is_class = ops.logical_and(labels >= 0, labels < num_classes)
        # Two rows more: pixels with an invalid label, and ignored ones.
        rows = ops.where(is_class, labels, num_classes)
        rows = ops.where(labels == self.ignore_value, num_classes + 1, rows)
        height, width = ops.shape(labels)[-2:]
        cells = ops.reshape(rows * num_classes + predictions, (-1, height * width))  # (samples, pixels)
        # One matrix for each sample, next to each other; unlike bincount, segment_sum compiles with XLA.
        num_samples, num_cells = ops.shape(cells)[0], (num_classes + 2) * num_classes
        cells = ops.reshape(cells + num_cells * ops.expand_dims(ops.arange(num_samples, dtype="int32"), -1), (-1,))
        counts = ops.segment_sum(ops.ones_like(cells), cells, num_segments=num_samples * num_cells)
        counts = ops.reshape(counts, (-1, num_classes + 2, num_classes))
        counts = ops.sum(ops.cast(counts, "float64") * ops.reshape(sample_weights, (-1, 1, 1)), axis=0)
        self.confusion_matrix.assign_add(counts[:num_classes])
        self.invalid_labels.assign_add(ops.sum(counts[num_classes]))

    def result(self):
        """The mean over the classes that occur; nan when none does."""
        self._check_labels()
        ious, is_present = self._ious()
        mean = ops.divide(ops.sum(ious), ops.sum(ops.cast(is_present, ious.dtype)))
        return ops.cast(ops.where(self.invalid_labels > 0, math.nan, mean), self.dtype)

    def per_class(self):
        """The IoU of every class as a NumPy array `(num_classes,)`; nan for classes that do not occur."""
        self._check_labels()
        ious, is_present = self._ious()
        return ops.convert_to_numpy(ops.cast(ops.where(is_present, ious, math.nan), self.dtype))

    def _ious(self):
        intersections = ops.diagonal(self.confusion_matrix)
        unions = ops.sum(self.confusion_matrix, axis=0) + ops.sum(self.confusion_matrix, axis=1) - intersections
        return ops.divide_no_nan(intersections, unions), unions > 0

    def _check_labels(self):
        is_invalid = self.invalid_labels > 0
        if hasattr(is_invalid, "numpy") and is_invalid.numpy():  # inside a compiled function it has no value yet
            raise ValueError(
                f"Labels must be class ids below {self.num_classes} or {self.ignore_value}. Received: "
                f"{float(self.invalid_labels):g} pixels with another label, num_classes={self.num_classes}. "
                "Check the masks, or set num_classes or ignore_value."
            )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}
