"""How often which class is taken for which."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.checked_value import checked_value
from kmm.metrics.segmentation_metric import SegmentationMetric


@keras.saving.register_keras_serializable(package="kmm")
class ConfusionMatrix(SegmentationMetric):
    """The counted pixels by their label and their prediction, from logits.

    To see what is taken for what; `MeanIoU` and its siblings are single numbers from the same matrix. It is no score:
    a whole matrix, which `EarlyStopping` cannot watch.

    Labels that are neither a class nor `ignore_value` are wrong data: `result` then raises a `ValueError`. Inside a
    compiled function, where nothing can be raised, the result is nan.

    Args:
        num_classes: number of classes, at least 2.
        ignore_value: label of the pixels that count nowhere.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted: scores at the masks' own resolution. Otherwise both must have the same size.
        name: name of the metric.
        dtype: dtype of the result; float64, since float32 counts no further than 16.7 million pixels.

    Call arguments:
        y_true: class ids `(..., height, width)`, of any dtype.
        y_pred: logits `(..., height, width, num_classes)`.
        sample_weight: one weight for each sample, `(...)` or its first axes. Weights of pixels are refused.

    Output shape:
        `(num_classes, num_classes)`: row label, column prediction.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `num_classes` is too small, at construction; shapes do not fit, at the update; a label is neither a
            class nor `ignore_value`, at the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.ConfusionMatrix(num_classes=3)
    >>> labels = np.array([[[0, 0], [1, 255]]])
    >>> logits = 9.0 * np.eye(3)[np.array([[[0, 1], [1, 1]]])]
    >>> metric.update_state(labels, logits)
    >>> np.array(metric.result()).astype(int).tolist()
    [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    """

    def __init__(
        self, num_classes, ignore_value=IGNORE_VALUE, resize_logits=False, name="confusion_matrix", dtype="float64"
    ):
        if num_classes < 2:
            raise ValueError(
                f"num_classes must be at least 2. Received: num_classes={num_classes}. "
                "Use OverallIoU or SampleMeanIoU for binary masks."
            )
        super().__init__(num_classes, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype)
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
        """The matrix; zeros before the first update."""
        return ops.cast(self.checked(ops.convert_to_tensor(self.confusion_matrix)), self.dtype)

    def checked(self, value):
        """The value; with invalid labels an error, or nan inside a compiled function."""
        message = (
            f"Labels must be class ids below {self.num_classes} or {self.ignore_value}. Received: {{count}} pixels "
            f"with another label, num_classes={self.num_classes}. Check the masks, or set num_classes or ignore_value."
        )
        return checked_value(value, self.invalid_labels, message)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}
