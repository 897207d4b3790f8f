"""The metrics of referring segmentation, together."""

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.no_target_accuracy import NoTargetAccuracy
from kmm.metrics.overall_iou import OverallIoU
from kmm.metrics.precision_at_iou import PrecisionAtIoU
from kmm.metrics.sample_mean_iou import SampleMeanIoU
from kmm.metrics.target_accuracy import TargetAccuracy


def referring_metrics(threshold=0.5, ignore_value=IGNORE_VALUE, resize_logits=False):
    """Fresh metrics for binary masks, as the papers report them, ready for `model.compile(metrics=...)`.

    Args:
        threshold: a pixel is predicted where its probability is above this.
        ignore_value: label of the pixels that count nowhere.
        resize_logits: whether logits are resized to the labels' height and width: scores at the masks' own resolution.

    Returns:
        A list: `OverallIoU`, `SampleMeanIoU`, `PrecisionAtIoU` at 0.5, 0.6, 0.7, 0.8 and 0.9, `NoTargetAccuracy`, which
        is nan as long as every target has pixels, and `TargetAccuracy`.

    Example:

    >>> import kmm
    >>> [metric.name for metric in kmm.metrics.referring_metrics()][:3]
    ['overall_iou', 'sample_mean_iou', 'precision_at_0.5']
    """
    arguments = {"threshold": threshold, "ignore_value": ignore_value, "resize_logits": resize_logits}
    return [
        OverallIoU(**arguments),
        SampleMeanIoU(**arguments),
        *(PrecisionAtIoU(iou_threshold, **arguments) for iou_threshold in (0.5, 0.6, 0.7, 0.8, 0.9)),
        NoTargetAccuracy(**arguments),
        TargetAccuracy(**arguments),
    ]
