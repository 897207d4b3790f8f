"""What the segmentation metrics share: checked labels and logits, and weights for samples."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE


class SegmentationMetric(keras.metrics.Metric):
    """Base of the metrics over `(..., height, width)` labels; subclasses implement `add_samples`.

    A sample is one `(height, width)` map, whatever the leading batch dimensions. Counts are kept in float64, so that
    sums over whole data sets stay exact and do not depend on how samples are batched.

    Args:
        num_channels: channels that the logits must have.
        ignore_value: label of the pixels that count nowhere.
        name: name of the metric.
        dtype: dtype of the result.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: shapes do not fit, or `sample_weight` weighs pixels, at the update.
    """

    def __init__(self, num_channels, ignore_value=IGNORE_VALUE, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(ignore_value, int):
            raise TypeError(f"ignore_value must be an int. Received: ignore_value={ignore_value!r}. Use 255 or -1.")
        self.num_channels = num_channels
        self.ignore_value = ignore_value
        self._direction = "up"  # what EarlyStopping and ModelCheckpoint with mode="auto" look for

    def add_count(self, name, shape=()):
        """A variable that counts."""
        return self.add_variable(shape=shape, initializer="zeros", dtype="float64", name=name)

    def add_samples(self, labels, logits, sample_weights):
        """Add the samples to the counts.

        Args:
            labels: int32 `(..., height, width)`.
            logits: `(..., height, width, num_channels)`.
            sample_weights: float64 `(...)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement add_samples(labels, logits, sample_weights).")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch.

        Args:
            y_true: labels `(..., height, width)`, of any dtype.
            y_pred: logits `(..., height, width, channels)`.
            sample_weight: one weight for each sample, `(...)` or its first axes.
        """
        labels, logits = ops.cast(y_true, "int32"), ops.convert_to_tensor(y_pred)
        rank = len(labels.shape)
        if rank < 2 or len(logits.shape) != rank + 1 or logits.shape[-1] != self.num_channels:
            raise ValueError(
                f"Labels must be (..., height, width) and logits (..., height, width, {self.num_channels}). Received: "
                f"y_true.shape={tuple(labels.shape)}, y_pred.shape={tuple(logits.shape)}. "
                f"Squeeze a channel axis off the labels, and use a head with num_classes={self.num_channels}."
            )
        sample_weights = ops.cast(1.0 if sample_weight is None else sample_weight, "float64")
        if len(sample_weights.shape) > rank - 2:
            raise ValueError(
                f"sample_weight must have one value for each sample. Received: "
                f"sample_weight.shape={tuple(sample_weights.shape)}, y_true.shape={tuple(labels.shape)}. "
                "Pixel weights are for losses: pass the metric to compile as metrics=, not as weighted_metrics=."
            )
        for _ in range(rank - 2 - len(sample_weights.shape)):
            sample_weights = ops.expand_dims(sample_weights, -1)  # (batch, 1): the same for all its maps
        self.add_samples(labels, logits, ops.broadcast_to(sample_weights, ops.shape(labels)[:-2]))

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "ignore_value": self.ignore_value}
