"""The metrics of semantic segmentation, together."""

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.frequency_weighted_iou import FrequencyWeightedIoU
from kmm.metrics.mean_class_accuracy import MeanClassAccuracy
from kmm.metrics.mean_iou import MeanIoU
from kmm.metrics.pixel_accuracy import PixelAccuracy


def semantic_metrics(num_classes, ignore_value=IGNORE_VALUE, resize_logits=False):
    """Fresh metrics for class maps, ready for `model.compile(metrics=...)`.

    Args:
        num_classes: number of classes, at least 2.
        ignore_value: label of the pixels that count nowhere.
        resize_logits: whether logits are resized to the labels' height and width: scores at the masks' own resolution.

    Returns:
        A list: `MeanIoU`, `PixelAccuracy`, `MeanClassAccuracy` and `FrequencyWeightedIoU`, the four scores of the first
        papers on semantic segmentation.

    Example:

    >>> import kmm
    >>> [metric.name for metric in kmm.metrics.semantic_metrics(num_classes=21)]
    ['mean_iou', 'pixel_accuracy', 'mean_class_accuracy', 'frequency_weighted_iou']
    """
    metrics = (MeanIoU, PixelAccuracy, MeanClassAccuracy, FrequencyWeightedIoU)
    return [metric(num_classes, ignore_value=ignore_value, resize_logits=resize_logits) for metric in metrics]
