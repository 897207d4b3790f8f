"""The share of the target's pixels that are found."""

import keras

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.overlap_ratio import OverlapRatio


@keras.saving.register_keras_serializable(package="kmm")
class PixelRecall(OverlapRatio):
    """The share of all target pixels that are predicted: pixel recall, sensitivity.

    For binary masks: low where the model misses a part. Pixels are summed over all samples, so large targets dominate.
    An empty target adds nothing, whatever the answer. Without any target pixel the result is nan.

    Args:
        threshold: a pixel is predicted where its probability, the sigmoid of the logit, is above this.
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
    >>> metric = kmm.metrics.PixelRecall()
    >>> targets = np.array([[[1, 1], [0, 0]]])
    >>> logits = np.array([[[9.0, -9.0], [9.0, 9.0]]])[..., None]
    >>> metric.update_state(targets, logits)
    >>> float(metric.result())  # 1 of the 2 target pixels
    0.5
    """

    def __init__(self, threshold=0.5, ignore_value=IGNORE_VALUE, resize_logits=False, name="pixel_recall", dtype=None):
        super().__init__(
            threshold=threshold, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype
        )

    def sample_terms(self, intersections, target_areas, predicted_areas):
        """Intersection and target."""
        return intersections, target_areas

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        del config["targets_only"]
        return config
