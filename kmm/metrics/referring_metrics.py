"""The metrics of referring segmentation, together."""

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.no_target_accuracy import NoTargetAccuracy
from kmm.metrics.overall_iou import OverallIoU
from kmm.metrics.precision_at_iou import PrecisionAtIoU
from kmm.metrics.sample_mean_iou import SampleMeanIoU


def referring_metrics(threshold=0.5, ignore_value=IGNORE_VALUE):
    """Fresh metrics for binary masks, as the papers report them, ready for `model.compile(metrics=...)`.

    Args:
        threshold: a pixel is predicted where its probability is above this.
        ignore_value: label of the pixels that count nowhere.

    Returns:
        A list: `OverallIoU`, `SampleMeanIoU`, `PrecisionAtIoU` at 0.5, 0.7 and 0.9, and `NoTargetAccuracy`, which is
        nan as long as every target has pixels.

    Example:

    >>> import kmm
    >>> [metric.name for metric in kmm.metrics.referring_metrics()][:3]
    ['overall_iou', 'sample_mean_iou', 'precision_at_0.5']
    """
    arguments = {"threshold": threshold, "ignore_value": ignore_value}
    return [
        OverallIoU(**arguments),
        SampleMeanIoU(**arguments),
        PrecisionAtIoU(0.5, **arguments),
        PrecisionAtIoU(0.7, **arguments),
        PrecisionAtIoU(0.9, **arguments),
        NoTargetAccuracy(**arguments),
    ]
