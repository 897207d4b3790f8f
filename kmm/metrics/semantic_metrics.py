"""The metrics of semantic segmentation, together."""

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.mean_iou import MeanIoU
from kmm.metrics.pixel_accuracy import PixelAccuracy


def semantic_metrics(num_classes, ignore_value=IGNORE_VALUE):
    """Fresh metrics for class maps, ready for `model.compile(metrics=...)`.

    Args:
        num_classes: number of classes, at least 2.
        ignore_value: label of the pixels that count nowhere.

    Returns:
        A list: `MeanIoU` and `PixelAccuracy`.

    Example:

    >>> import kmm
    >>> [metric.name for metric in kmm.metrics.semantic_metrics(num_classes=21)]
    ['mean_iou', 'pixel_accuracy']
    """
    return [MeanIoU(num_classes, ignore_value=ignore_value), PixelAccuracy(num_classes, ignore_value=ignore_value)]
