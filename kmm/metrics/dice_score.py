"""Twice the intersections over the areas, summed over all samples."""

import keras

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.overlap_ratio import OverlapRatio


@keras.saving.register_keras_serializable(package="kmm")
class DiceScore(OverlapRatio):
    """Twice the sum of all intersections by the sum of all areas: Dice score, F1 of the pixels.

    For binary masks: the harmonic mean of `PixelPrecision` and `PixelRecall`, and 2 o / (1 + o) of the overall IoU `o`.
    Large targets dominate; see `SampleMeanDice` for the opposite. An empty answer to an empty target adds nothing, a
    non-empty one adds its area to the divisor, unless `targets_only`. With nothing in any area the result is nan.

    Reference: Dice, "Measures of the Amount of Ecologic Association Between Species", 1945.

    Args:
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
        ValueError: `threshold` or `ignore_value` is out of range, at construction; shapes do not fit, at the update.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> metric = kmm.metrics.DiceScore()
    >>> targets = np.array([[[1, 1], [0, 0]]])
    >>> logits = np.array([[[9.0, -9.0], [9.0, 9.0]]])[..., None]
    >>> metric.update_state(targets, logits)
    >>> round(float(metric.result()), 4)  # 2 times 1 pixel in common, 2 and 3 in the areas
    0.4
    """

    def __init__(
        self,
        threshold=0.5,
        targets_only=False,
        ignore_value=IGNORE_VALUE,
        resize_logits=False,
        name="dice_score",
        dtype=None,
    ):
        super().__init__(
            threshold=threshold,
            targets_only=targets_only,
            ignore_value=ignore_value,
            resize_logits=resize_logits,
            name=name,
            dtype=dtype,
        )

    def sample_terms(self, intersections, target_areas, predicted_areas):
        """Twice the intersection, and both areas."""
        return 2.0 * intersections, target_areas + predicted_areas
