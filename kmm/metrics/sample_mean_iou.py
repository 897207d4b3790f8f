"""The mean of the samples' own IoU."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.overlap_ratio import OverlapRatio, intersections_over_unions


@keras.saving.register_keras_serializable(package="kmm")
class SampleMeanIoU(OverlapRatio):
    """The mean over samples of intersection over union: gIoU, and the mIoU of the referring literature.

    For referring segmentation; small and large targets count the same. Not the class mean of semantic segmentation,
    which is `MeanIoU`. An empty answer to an empty target scores 1, a non-empty one 0: gIoU. The mIoU of the older
    papers, whose phrases all have a target, is `SampleMeanIoU(targets_only=True)`; both are the same where every target
    has pixels. Without any sample the result is nan.

    Papers differ in the threshold too: MCN, VLT and CRIS report this mean at 0.35.

    Reference: Liu et al., "GRES: Generalized Referring Expression Segmentation", 2023, where it is called gIoU.

    Args:
        threshold: a pixel is predicted where its probability, the sigmoid of the logit, is above this.
        targets_only: whether samples with an empty target are left out.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted: scores at the masks' own resolution. Otherwise both must have the same size.
        name: name of the metric.
        dtype: dtype of the result.

    Call arguments:
        y_true: labels `(..., height, width)`, 1 in the target, of any dtype.
        y_pred: logits `(..., height, width, 1)`.
        sample_weight: one weight for each sample, `(...)` or its first axes. Weights of pixels are refused.

    Output shape:
        A scalar.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `threshold` or `ignore_value` is out of range, at construction; shapes do not fit, at the update.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.SampleMeanIoU()
    >>> targets = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 0]]])
    >>> logits = np.array([[[9.0, -9.0], [-9.0, -9.0]], [[-9.0, -9.0], [-9.0, -9.0]]])[..., None]
    >>> metric.update_state(targets, logits)
    >>> float(metric.result())  # 1/2, and 1 for the empty answer to the empty target
    0.75
    """

    def __init__(
        self,
        threshold=0.5,
        targets_only=False,
        ignore_value=IGNORE_VALUE,
        resize_logits=False,
        name="sample_mean_iou",
        dtype=None,
    ):
        super().__init__(
            threshold=threshold,
            targets_only=targets_only,
            ignore_value=ignore_value,
            resize_logits=resize_logits,
            name=name,
            dtype=dtype,
        )

    def sample_terms(self, intersections, target_areas, predicted_areas):
        """IoU, and 1 for the sample."""
        ious = intersections_over_unions(intersections, target_areas, predicted_areas)
        return ious, ops.ones_like(ious)
