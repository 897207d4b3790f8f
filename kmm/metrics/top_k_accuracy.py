"""The share of labels among the first guesses."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.item_mean import ItemMean


@keras.saving.register_keras_serializable(package="kmm")
class TopKAccuracy(ItemMean):
    """The share of labels that are among the `k` classes with the largest logits: top-k accuracy.

    For labels of pictures, words or pixels. Unlike `keras.metrics.SparseTopKCategoricalAccuracy` it leaves ignored
    labels out and does not count ties for the model: of equal logits the first class comes first, as in argmax, so with
    `k=1` it is the accuracy. A logit that is nan counts against the model: last if it is the label's, ahead of the
    label's otherwise. Without any counted label the result is nan.

    Labels that are neither a class nor `ignore_value` are wrong data: `result` then raises a `ValueError`. Inside a
    compiled function, where nothing can be raised, the result is nan.

    Reference: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", 2015.

    Args:
        k: number of guesses, at least 1.
        ignore_value: label that counts nowhere.
        name: name of the metric; `None` for "top_", `k` and "_accuracy".
        dtype: dtype of the result.

    Call arguments:
        y_true: class ids `(...)`, of any dtype.
        y_pred: logits or probabilities `(..., num_classes)`.
        sample_weight: one weight for each label, `(...)` or its first axes.

    Output shape:
        A scalar.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `k` is too small, at construction; shapes do not fit, or there are fewer than `k` classes, at the
            update; a label is neither a class nor `ignore_value`, at the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.TopKAccuracy(k=2)
    >>> metric.name
    'top_2_accuracy'
    >>> logits = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    >>> metric.update_state(np.array([1, 2, 255]), logits)
    >>> float(metric.result())
    0.5
    """

    def __init__(self, k=5, ignore_value=IGNORE_VALUE, name=None, dtype=None):
        if k < 1:
            raise ValueError(f"k must be at least 1. Received: k={k}. Use 1 for plain accuracy.")
        if not isinstance(ignore_value, int):
            raise TypeError(f"ignore_value must be an int. Received: ignore_value={ignore_value!r}. Use 255 or -1.")
        message = (
            f"Labels must be class ids below the number of logits, or {ignore_value}. Received: {{count}} others. "
            "Check the labels, or set ignore_value."
        )
        super().__init__(message, name=name or f"top_{k}_accuracy", dtype=dtype)
        self.k = k
        self.ignore_value = ignore_value

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch.

        Args:
            y_true: class ids `(...)`, of any dtype.
            y_pred: logits `(..., num_classes)`.
            sample_weight: one weight for each label, `(...)` or its first axes.
        """
        labels, logits = ops.cast(y_true, "int32"), ops.convert_to_tensor(y_pred)
        num_classes = logits.shape[-1] if len(logits.shape) else None
        if (
            len(logits.shape) != len(labels.shape) + 1
            or num_classes is None
            or num_classes < self.k
            or any(
                None not in sizes and sizes[0] != sizes[1] for sizes in zip(labels.shape, logits.shape, strict=False)
            )
        ):
            raise ValueError(
                f"Labels must be (...) and logits (..., num_classes), with num_classes known and at least k. Received: "
                f"y_true.shape={tuple(labels.shape)}, y_pred.shape={tuple(logits.shape)}, k={self.k}. "
                "Give class ids instead of one-hot labels, or lower k."
            )
        labels = ops.expand_dims(labels, -1)  # (..., 1)
        class_ids = ops.arange(num_classes, dtype="int32")
        is_label = labels == class_ids  # (..., num_classes)
        zero = ops.zeros((), logits.dtype)
        own = ops.sum(ops.where(is_label, logits, zero), axis=-1, keepdims=True)
        behind = ops.logical_or(own > logits, ops.logical_and(own == logits, class_ids > labels))
        ahead = ops.sum(ops.cast(ops.logical_not(ops.logical_or(behind, is_label)), "int32"), axis=-1)
        is_valid = ops.logical_and(labels >= 0, labels < num_classes)
        self.add_items(ahead < self.k, labels[..., 0] != self.ignore_value, is_valid[..., 0], sample_weight)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "k": self.k, "ignore_value": self.ignore_value}
