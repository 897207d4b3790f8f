"""What the metrics of referring segmentation share: overlaps of single samples, and a ratio of two sums."""

import math

from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.segmentation_metric import SegmentationMetric


class OverlapRatio(SegmentationMetric):
    """Base of the binary metrics: a sum over samples by another; subclasses implement `sample_terms`.

    Samples whose pixels are all ignored count nowhere. When the divisor is 0, the result is nan: there was nothing to
    score.

    Args:
        threshold: a pixel is predicted where its probability, the sigmoid of the logit, is above this.
        targets_only: whether samples with an empty target are left out.
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted: scores at the masks' own resolution. Otherwise both must have the same size.
        name: name of the metric.
        dtype: dtype of the result.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `threshold` or `ignore_value` is out of range.
    """

    def __init__(
        self, threshold=0.5, targets_only=False, ignore_value=IGNORE_VALUE, resize_logits=False, name=None, dtype=None
    ):
        super().__init__(1, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype)
        if not 0 < threshold < 1:
            raise ValueError(
                f"threshold must be a probability between 0 and 1. Received: threshold={threshold}. Use 0.5."
            )
        if ignore_value in (0, 1):
            raise ValueError(
                f"ignore_value must be neither 0 nor 1. Received: ignore_value={ignore_value}. Use 255 or -1."
            )
        self.threshold = threshold
        self.targets_only = targets_only
        self.numerator = self.add_count("numerator")
        self.denominator = self.add_count("denominator")

    def sample_terms(self, intersections, target_areas, predicted_areas):
        """What each sample adds to the numerator and to the denominator; all in pixels, float64 `(...)`."""
        raise NotImplementedError(
            f"{type(self).__name__} must implement sample_terms(intersections, target_areas, predicted_areas)."
        )

    def add_samples(self, labels, logits, sample_weights):
        """Add the samples to both sums."""
        counted = labels != self.ignore_value
        target = labels == 1
        threshold_logit = math.log(self.threshold / (1 - self.threshold))
        predicted = ops.logical_and(logits[..., 0] > threshold_logit, counted)
        target_areas = pixel_areas(target)
        numerators, denominators = self.sample_terms(
            pixel_areas(ops.logical_and(target, predicted)), target_areas, pixel_areas(predicted)
        )
        is_scored = target_areas > 0 if self.targets_only else ops.any(counted, axis=(-2, -1))
        sample_weights = sample_weights * ops.cast(is_scored, "float64")
        self.numerator.assign_add(ops.sum(numerators * sample_weights))
        self.denominator.assign_add(ops.sum(denominators * sample_weights))

    def result(self):
        """The ratio; nan for 0 / 0."""
        return ops.cast(ops.divide(self.numerator, self.denominator), self.dtype)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "threshold": self.threshold, "targets_only": self.targets_only}


def intersections_over_unions(intersections, target_areas, predicted_areas):
    """The IoU of each sample; 1 where both target and prediction are empty."""
    unions = target_areas + predicted_areas - intersections
    return ops.where(unions > 0, ops.divide_no_nan(intersections, unions), 1.0)


def pixel_areas(pixels):
    """How many pixels of bool maps `(..., height, width)` are set, float64 `(...)`.

    >>> float(pixel_areas([[True, False], [True, True]]))
    3.0
    """
    rows = ops.sum(ops.cast(pixels, "float32"), axis=-1)  # float32 is exact for a row, not for a map of 2 ** 24 pixels
    return ops.sum(ops.cast(rows, "float64"), axis=-1)
