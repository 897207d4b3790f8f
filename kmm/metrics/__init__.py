"""Metrics: from logits, exact counts, with ignored pixels, for any leading batch dimensions."""

from kmm.metrics.mean_iou import MeanIoU
from kmm.metrics.no_target_accuracy import NoTargetAccuracy
from kmm.metrics.overall_iou import OverallIoU
from kmm.metrics.pixel_accuracy import PixelAccuracy
from kmm.metrics.precision_at_iou import PrecisionAtIoU
from kmm.metrics.referring_metrics import referring_metrics
from kmm.metrics.sample_mean_iou import SampleMeanIoU
from kmm.metrics.semantic_metrics import semantic_metrics

__all__ = [
    "MeanIoU",
    "NoTargetAccuracy",
    "OverallIoU",
    "PixelAccuracy",
    "PrecisionAtIoU",
    "SampleMeanIoU",
    "referring_metrics",
    "semantic_metrics",
]
