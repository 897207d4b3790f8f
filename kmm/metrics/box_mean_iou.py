"""The mean overlap of boxes."""

import keras

from kmm.metrics.box_iou import raw_box_iou, raw_generalized_box_iou
from kmm.metrics.box_metric import BoxMetric


@keras.saving.register_keras_serializable(package="kmm")
class BoxMeanIoU(BoxMetric):
    """The mean over boxes of intersection over union: box mIoU.

    For one box a phrase; it matches no lists of boxes. A box without height or width, such as one of zeros, means none:
    where both are none the pair scores 1, where one is none 0 (generalized: -1). Without any pair the result is nan.

    Boxes that reach outside of [0, 1], or whose ends are reversed, are wrong data: `result` then raises a
    `ValueError`. Inside a compiled function, where nothing can be raised, the result is nan.

    Reference: Rezatofighi et al., "Generalized Intersection over Union", 2019, for the generalized one.

    Args:
        generalized: whether to take the empty share of the smallest box around both off each IoU, which tells how far
            apart boxes are that do not meet; scores then go from -1 to 1.
        name: name of the metric.
        dtype: dtype of the result.

    Call arguments:
        y_true: boxes `(..., 4)`: top, left, bottom and right as shares of height and width.
        y_pred: boxes `(..., 4)`.
        sample_weight: one weight for each pair, `(...)` or its first axes.

    Output shape:
        A scalar.

    Raises:
        ValueError: shapes do not fit, at the update; a box is no box, at the result.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.BoxMeanIoU()
    >>> boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]])
    >>> predictions = np.array([[0.0, 0.0, 0.25, 0.5], [0.0, 0.0, 0.0, 0.0]])
    >>> metric.update_state(boxes, predictions)
    >>> float(metric.result())  # 1/2, and 1 for no box where there is none
    0.75
    """

    def __init__(self, generalized=False, name="box_mean_iou", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.generalized = generalized

    def pair_scores(self, boxes, others):
        """The IoU of each pair, or the generalized one."""
        return raw_generalized_box_iou(boxes, others) if self.generalized else raw_box_iou(boxes, others)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "generalized": self.generalized}
