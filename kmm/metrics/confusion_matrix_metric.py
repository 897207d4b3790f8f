"""What the class means share: a score for each class from the confusion matrix, and their weighted mean."""

import math

from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.metrics.confusion_matrix import ConfusionMatrix


class ConfusionMatrixMetric(ConfusionMatrix):
    """Base of the class means; subclasses implement `class_scores`, and `class_weights` where not all count the same.

    One confusion matrix is summed over all samples. When no class counts, the result is nan: nothing to score.

    Args:
        num_classes: number of classes, at least 2.
        ignore_value: label of the pixels that count nowhere.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted.
        name: name of the metric.
        dtype: dtype of the result.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `num_classes` is too small, at construction; shapes do not fit, at the update; a label is neither a
            class nor `ignore_value`, at the result.
    """

    def __init__(self, num_classes, ignore_value=IGNORE_VALUE, resize_logits=False, name=None, dtype=None):
        super().__init__(num_classes, ignore_value=ignore_value, resize_logits=resize_logits, name=name, dtype=dtype)

    def class_scores(self, intersections, label_areas, predicted_areas):
        """The score of each class, 0 where it would be 0 / 0; all in pixels, float64 `(num_classes,)`."""
        raise NotImplementedError(
            f"{type(self).__name__} must implement class_scores(intersections, label_areas, predicted_areas)."
        )

    def class_weights(self, label_areas, predicted_areas):
        """The weight of each class in the mean: 1 where it occurs in the labels or in the predictions, 0 elsewhere."""
        return ops.cast(label_areas + predicted_areas > 0, "float64")

    def result(self):
        """The mean over the classes that count; nan when none does."""
        scores, weights = self._scores_and_weights()
        mean = ops.divide(ops.sum(scores * weights), ops.sum(weights))
        return ops.cast(self.checked(mean), self.dtype)

    def per_class(self):
        """The score of every class as a NumPy array `(num_classes,)`; nan for classes that do not count."""
        scores, weights = self._scores_and_weights()
        scores = self.checked(ops.where(weights > 0, scores, math.nan))
        return ops.convert_to_numpy(ops.cast(scores, self.dtype))

    def _scores_and_weights(self):
        matrix = self.confusion_matrix
        label_areas, predicted_areas = ops.sum(matrix, axis=1), ops.sum(matrix, axis=0)
        scores = self.class_scores(ops.diagonal(matrix), label_areas, predicted_areas)
        return scores, self.class_weights(label_areas, predicted_areas)
