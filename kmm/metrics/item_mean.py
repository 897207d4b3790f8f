"""What the metrics of boxes, labels and queries share: a weighted mean over single items."""

import keras
from keras import ops

from kmm.metrics.checked_value import checked_value


class ItemMean(keras.metrics.Metric):
    """Base of the metrics that are a mean over items; subclasses implement `update_state` and call `add_items`.

    Sums are kept in float64, so that they do not depend on how items are batched. Without any counted item the result
    is nan: there was nothing to score.

    Args:
        invalid_message: text of the error that `result` raises when invalid items were met; `{count}` is their number.
        name: name of the metric.
        dtype: dtype of the result.

    Raises:
        ValueError: `sample_weight` has more axes than the items, at the update; items were invalid, at the result.
    """

    def __init__(self, invalid_message, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.invalid_message = invalid_message
        self.numerator = self.add_variable(shape=(), initializer="zeros", dtype="float64", name="numerator")
        self.denominator = self.add_variable(shape=(), initializer="zeros", dtype="float64", name="denominator")
        self.num_invalid = self.add_variable(shape=(), initializer="zeros", dtype="float64", name="num_invalid")
        self._direction = "up"  # what EarlyStopping and ModelCheckpoint with mode="auto" look for

    def add_items(self, scores, is_counted, is_valid, sample_weight):
        """Add items to the mean.

        Args:
            scores: `(...)`, of any dtype.
            is_counted: bool `(...)`; others are left out.
            is_valid: bool `(...)`; others, if they count and weigh anything, make `result` raise.
            sample_weight: one weight for each item, `(...)` or its first axes; `None` for 1.
        """
        weights = ops.cast(1.0 if sample_weight is None else sample_weight, "float64")
        rank = len(scores.shape)
        if len(weights.shape) > rank:
            raise ValueError(
                f"sample_weight must have one value for each item. Received: "
                f"sample_weight.shape={tuple(weights.shape)} for items of shape {tuple(scores.shape)}. "
                "Leave out its last axes."
            )
        for _ in range(rank - len(weights.shape)):
            weights = ops.expand_dims(weights, -1)  # (batch, 1): the same for all its items
        weights = weights * ops.cast(is_counted, "float64")
        is_counted = ops.not_equal(weights, 0)
        scores = ops.where(is_counted, ops.cast(scores, "float64"), 0.0)  # what weighs nothing may be nan
        self.numerator.assign_add(ops.sum(scores * weights))
        self.denominator.assign_add(ops.sum(weights))
        invalid = ops.logical_and(is_counted, ops.logical_not(is_valid))
        self.num_invalid.assign_add(ops.sum(ops.cast(invalid, "float64")))

    def result(self):
        """The mean; nan without counted items."""
        mean = ops.cast(ops.divide(self.numerator, self.denominator), self.dtype)
        return checked_value(mean, self.num_invalid, self.invalid_message)
