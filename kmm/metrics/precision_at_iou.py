"""The share of samples that are found well enough."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.overlap_ratio import OverlapRatio, intersections_over_unions


@keras.saving.register_keras_serializable(package="kmm")
class PrecisionAtIoU(OverlapRatio):
    """The share of samples whose IoU is at least `iou_threshold`: Pr@0.5, P@0.7, precision@X.

    For referring segmentation: how often the right thing was found. An empty answer to an empty target has IoU 1, a
    non-empty one 0; GRES leaves empty targets out, which is `targets_only=True`. Without any sample the result is nan.

    Reference: Hu et al., "Segmentation from Natural Language Expressions", 2016.

    Args:
        iou_threshold: IoU from which a sample counts as found, above 0 and at most 1.
        threshold: a pixel is predicted where its probability, the sigmoid of the logit, is above this.
        targets_only: whether samples with an empty target are left out.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted: scores at the masks' own resolution. Otherwise both must have the same size.
        name: name of the metric; `None` for "precision_at_" and `iou_threshold`.
        dtype: dtype of the result.

    Call arguments:
        y_true: labels `(..., height, width)`, 1 in the target, of any dtype.
        y_pred: logits `(..., height, width, 1)`.
        sample_weight: one weight for each sample, `(...)` or its first axes. Weights of pixels are refused.

    Output shape:
        A scalar.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: an argument is out of range, at construction; shapes do not fit, at the update.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.PrecisionAtIoU(0.5)
    >>> metric.name
    'precision_at_0.5'
    >>> targets = np.array([[[1, 1], [0, 0]], [[1, 1], [1, 0]]])
    >>> logits = np.array([[[9.0, -9.0], [-9.0, -9.0]], [[9.0, -9.0], [-9.0, -9.0]]])[..., None]
    >>> metric.update_state(targets, logits)
    >>> float(metric.result())  # the IoUs are 1/2 and 1/3
    0.5
    """

    def __init__(
        self,
        iou_threshold=0.5,
        threshold=0.5,
        targets_only=False,
        ignore_value=IGNORE_VALUE,
        resize_logits=False,
        name=None,
        dtype=None,
    ):
        if not 0 < iou_threshold <= 1:
            raise ValueError(
                f"iou_threshold must be above 0 and at most 1. Received: iou_threshold={iou_threshold}. Use 0.5."
            )
        name = name or f"precision_at_{iou_threshold:g}"
        super().__init__(
            threshold=threshold,
            targets_only=targets_only,
            ignore_value=ignore_value,
            resize_logits=resize_logits,
            name=name,
            dtype=dtype,
        )
        self.iou_threshold = iou_threshold

    def sample_terms(self, intersections, target_areas, predicted_areas):
        """Whether the sample is found, and 1 for the sample."""
        ious = intersections_over_unions(intersections, target_areas, predicted_areas)
        return ops.cast(ious >= self.iou_threshold, ious.dtype), ops.ones_like(ious)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "iou_threshold": self.iou_threshold}
