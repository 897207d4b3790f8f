"""Metrics: from logits, exact counts, with ignored pixels, for any leading batch dimensions."""

from kmm.metrics.average_precision import AveragePrecision
from kmm.metrics.boundary_f1 import BoundaryF1
from kmm.metrics.box_accuracy import BoxAccuracy
from kmm.metrics.box_iou import box_iou, generalized_box_iou
from kmm.metrics.box_mean_iou import BoxMeanIoU
from kmm.metrics.confusion_matrix import ConfusionMatrix
from kmm.metrics.dice_score import DiceScore
from kmm.metrics.frequency_weighted_iou import FrequencyWeightedIoU
from kmm.metrics.mean_boundary_f1 import MeanBoundaryF1
from kmm.metrics.mean_class_accuracy import MeanClassAccuracy
from kmm.metrics.mean_dice import MeanDice
from kmm.metrics.mean_iou import MeanIoU
from kmm.metrics.mean_precision import MeanPrecision
from kmm.metrics.mean_recall import MeanRecall
from kmm.metrics.no_target_accuracy import NoTargetAccuracy
from kmm.metrics.overall_iou import OverallIoU
from kmm.metrics.pixel_accuracy import PixelAccuracy
from kmm.metrics.pixel_precision import PixelPrecision
from kmm.metrics.pixel_recall import PixelRecall
from kmm.metrics.precision_at_iou import PrecisionAtIoU
from kmm.metrics.recall_at_k import RecallAtK
from kmm.metrics.referring_metrics import referring_metrics
from kmm.metrics.sample_mean_dice import SampleMeanDice
from kmm.metrics.sample_mean_iou import SampleMeanIoU
from kmm.metrics.semantic_metrics import semantic_metrics
from kmm.metrics.target_accuracy import TargetAccuracy
from kmm.metrics.top_k_accuracy import TopKAccuracy

__all__ = [
    "AveragePrecision",
    "BoundaryF1",
    "BoxAccuracy",
    "BoxMeanIoU",
    "ConfusionMatrix",
    "DiceScore",
    "FrequencyWeightedIoU",
    "MeanBoundaryF1",
    "MeanClassAccuracy",
    "MeanDice",
    "MeanIoU",
    "MeanPrecision",
    "MeanRecall",
    "NoTargetAccuracy",
    "OverallIoU",
    "PixelAccuracy",
    "PixelPrecision",
    "PixelRecall",
    "PrecisionAtIoU",
    "RecallAtK",
    "SampleMeanDice",
    "SampleMeanIoU",
    "TargetAccuracy",
    "TopKAccuracy",
    "box_iou",
    "generalized_box_iou",
    "referring_metrics",
    "semantic_metrics",
]
