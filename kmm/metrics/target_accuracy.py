"""The share of phrases that name something and get an answer."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.overlap_ratio import OverlapRatio


@keras.saving.register_keras_serializable(package="kmm")
class TargetAccuracy(OverlapRatio):
    """The share of samples with a target whose prediction is not empty: T-acc.

    Says only whether the model answers, not whether it is right: the counterpart of `NoTargetAccuracy`. Samples with an
    empty target are left out. One predicted pixel is an answer. Without any target the result is nan: there was nothing
    to score.

    Reference: Liu et al., "GRES: Generalized Referring Expression Segmentation", 2023.

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
    >>> metric = kmm.metrics.TargetAccuracy()
    >>> targets = np.array([[[1, 1], [0, 0]], [[1, 1], [0, 0]]])
    >>> logits = np.array([[[-9.0, -9.0], [-9.0, 9.0]], [[-9.0, -9.0], [-9.0, -9.0]]])[..., None]
    >>> metric.update_state(targets, logits)
    >>> float(metric.result())  # the first is an answer, though a wrong one
    0.5
    """

    def __init__(
        self, threshold=0.5, ignore_value=IGNORE_VALUE, resize_logits=False, name="target_accuracy", dtype=None
    ):
        super().__init__(
            threshold=threshold, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype
        )

    def sample_terms(self, intersections, target_areas, predicted_areas):
        """Whether target and prediction have pixels, and whether the target has."""
        has_target, has_prediction = target_areas > 0, predicted_areas > 0
        return ops.cast(ops.logical_and(has_target, has_prediction), "float64"), ops.cast(has_target, "float64")

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        del config["targets_only"]
        return config
