"""The share of boxes that are found."""

import keras

from kmm.metrics.box_iou import raw_box_iou
from kmm.metrics.box_metric import BoxMetric

_ROUNDING = 1e-6
"""What float32 shares may take off an IoU."""


@keras.saving.register_keras_serializable(package="kmm")
class BoxAccuracy(BoxMetric):
    """The share of boxes whose intersection over union is at least `iou_threshold`: Acc@0.5, Precision@1.

    The score of referring expression comprehension: one box a phrase. The threshold is met up to rounding of shares, by
    one in a million. A box without height or width, such as one of zeros, means none: where both are none the answer is
    right, where one is none it is wrong. Without any pair the result is nan.

    Boxes that reach outside of [0, 1], or whose ends are reversed, are wrong data: `result` then raises a
    `ValueError`. Inside a compiled function, where nothing can be raised, the result is nan.

    Reference: Mao et al., "Generation and Comprehension of Unambiguous Object Descriptions", 2016.

    Args:
        iou_threshold: smallest IoU that counts as found.
        name: name of the metric; `None` for "box_accuracy_at_" and `iou_threshold`.
        dtype: dtype of the result.

    Call arguments:
        y_true: boxes `(..., 4)`: top, left, bottom and right as shares of height and width.
        y_pred: boxes `(..., 4)`.
        sample_weight: one weight for each pair, `(...)` or its first axes.

    Output shape:
        A scalar.

    Raises:
        ValueError: `iou_threshold` is out of range, at construction; shapes do not fit, at the update; a box is no box,
            at the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.BoxAccuracy(0.5)
    >>> boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]])
    >>> predictions = np.array([[0.0, 0.0, 0.25, 0.5], [0.0, 0.0, 0.25, 0.5]])
    >>> metric.update_state(boxes, predictions)
    >>> float(metric.result())  # the second names nothing
    0.5
    """

    def __init__(self, iou_threshold=0.5, name=None, dtype=None):
        if not 0 < iou_threshold <= 1:
            raise ValueError(
                f"iou_threshold must be above 0 and at most 1. Received: iou_threshold={iou_threshold}. Use 0.5."
            )
        super().__init__(name=name or f"box_accuracy_at_{iou_threshold:g}", dtype=dtype)
        self.iou_threshold = iou_threshold

    def pair_scores(self, boxes, others):
        """Whether each box is found."""
        return raw_box_iou(boxes, others) >= self.iou_threshold - _ROUNDING

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "iou_threshold": self.iou_threshold}
