"""How well the outlines of masks agree, sample by sample."""

import math

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.boundary_scores import boundary_scores
from kmm.metrics.overlap_ratio import OverlapRatio


@keras.saving.register_keras_serializable(package="kmm")
class BoundaryF1(OverlapRatio):
    """The mean over samples of the F of boundary pixels: contour accuracy, BF score, the F of DAVIS.

    For referring segmentation: how sharp the outlines are, where the IoU of a large target hardly tells. A boundary
    pixel is found if the other mask has one within `tolerance`, in a straight line; precision and recall are those of
    a sample's boundary pixels, and F is their harmonic mean. A pixel is on the boundary if its right, lower or lower
    right neighbour is on the other side, as in the code of DAVIS. Neither the edge of the picture nor that of ignored
    pixels is a boundary.

    If only one of target and answer has a boundary, the sample scores 0. If neither has, it scores 1 where both agree
    on every counted pixel, so an empty answer to an empty target scores 1, and 0 otherwise, so a full answer to an
    empty target scores 0 (there the code of DAVIS gives 1). Without any sample the result is nan.

    Reference: Csurka et al., "What is a Good Evaluation Measure for Semantic Segmentation?", 2013; Perazzi et al., "A
    Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", 2016, for the definition.

    Args:
        tolerance: distance as a share of the picture's diagonal, rounded up to whole pixels: at 224 x 224 the default
            is 3 pixels. Counted at the size of the labels. The default is that of Csurka et al.; DAVIS takes 0.008.
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
        ValueError: an argument is out of range, at construction; shapes do not fit, at the update.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.BoundaryF1(tolerance=0.0)
    >>> target = np.array([[[0, 1, 1, 1], [0, 1, 1, 1]]])
    >>> logits = np.array([[[-9.0, 9.0, 9.0, 9.0], [-9.0, -9.0, 9.0, 9.0]]])[..., None]
    >>> metric.update_state(target, logits)
    >>> round(float(metric.result()), 4)  # the boundaries have 2 and 3 pixels, of which 1 is in both
    0.4
    """

    def __init__(
        self,
        tolerance=0.0075,
        threshold=0.5,
        targets_only=False,
        ignore_value=IGNORE_VALUE,
        resize_logits=False,
        name="boundary_f1",
        dtype=None,
    ):
        check_tolerance(tolerance)
        super().__init__(
            threshold=threshold,
            targets_only=targets_only,
            ignore_value=ignore_value,
            resize_logits=resize_logits,
            name=name,
            dtype=dtype,
        )
        self.tolerance = tolerance

    def add_samples(self, labels, logits, sample_weights):
        """Add the samples' scores, and 1 for each sample."""
        height, width = ops.shape(labels)[-2:]
        labels, logits = (ops.reshape(x, (-1, height, width, 1)) for x in (labels, logits))  # (samples, h, w, 1)
        counted, targets = labels != self.ignore_value, labels == 1
        threshold_logit = math.log(self.threshold / (1 - self.threshold))
        scores = boundary_scores(targets, logits > threshold_logit, counted, self.tolerance)
        is_scored = ops.any(targets if self.targets_only else counted, axis=(1, 2))
        weights = ops.reshape(sample_weights, (-1, 1)) * ops.cast(is_scored, "float64")
        self.numerator.assign_add(ops.sum(scores * weights))
        self.denominator.assign_add(ops.sum(weights))

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "tolerance": self.tolerance}


def check_tolerance(tolerance):
    """Refuses what is no share of the diagonal."""
    if not 0 <= tolerance < 1:
        raise ValueError(
            f"tolerance must be a share of the diagonal, at least 0 and below 1. Received: tolerance={tolerance}. "
            "Use 0.0075; for a number of pixels divide it by the diagonal."
        )
