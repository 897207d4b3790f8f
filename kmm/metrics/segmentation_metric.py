"""What the segmentation metrics share: checked labels and logits, and weights for samples."""

import keras
from keras import ops
from keras.src import backend

from kmm.feature_keys import IGNORE_VALUE


class SegmentationMetric(keras.metrics.Metric):
    """Base of the metrics over `(..., height, width)` labels; subclasses implement `add_samples`.

    A sample is one `(height, width)` map, whatever the leading batch dimensions. Counts are kept in float64, so that
    sums over whole data sets stay exact and do not depend on how samples are batched.

    Scores depend on the resolution at which pixels are counted. Masks that were resized to the model's size lose thin
    and small targets; with `resize_logits` the masks stay as they were drawn and the logits are resized to them, as
    `kmm.preprocessing.masks_from_logits` does. A batch then holds masks of one size.

    Args:
        num_channels: channels that the logits must have.
        ignore_value: label of the pixels that count nowhere.
        resize_logits: whether logits of another height and width are resized to the labels' (bilinear) before anything
            is counted. Otherwise both must have the same size.
        name: name of the metric.
        dtype: dtype of the result.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: shapes do not fit, sizes differ without `resize_logits`, or `sample_weight` weighs pixels, at the
            update.
    """

    def __init__(self, num_channels, ignore_value=IGNORE_VALUE, resize_logits=False, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        if not isinstance(ignore_value, int):
            raise TypeError(f"ignore_value must be an int. Received: ignore_value={ignore_value!r}. Use 255 or -1.")
        self.num_channels = num_channels
        self.ignore_value = ignore_value
        self.resize_logits = resize_logits
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
        self._check_shapes(tuple(labels.shape), tuple(logits.shape))
        if self.resize_logits:
            logits = _resized(logits, ops.shape(labels)[-2:])
        rank = len(labels.shape)
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

    def _check_shapes(self, labels_shape, logits_shape):
        rank = len(labels_shape)
        if (
            rank < 2
            or len(logits_shape) != rank + 1
            or logits_shape[-1] != self.num_channels
            or _differ(labels_shape[:-2], logits_shape[:-3])
        ):
            raise ValueError(
                f"Labels must be (..., height, width) and logits (..., height, width, {self.num_channels}). Received: "
                f"y_true.shape={labels_shape}, y_pred.shape={logits_shape}. "
                f"Squeeze a channel axis off the labels, and use a head with num_classes={self.num_channels}."
            )
        if not self.resize_logits and _differ(labels_shape[-2:], logits_shape[-3:-1]):
            raise ValueError(
                f"Labels and logits must have the same height and width. Received: y_true.shape={labels_shape}, "
                f"y_pred.shape={logits_shape}. Pass resize_logits=True to score at the size of the labels."
            )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "ignore_value": self.ignore_value, "resize_logits": self.resize_logits}


def _differ(shape, other):
    """Whether two shapes differ where both are known."""
    return any(None not in sizes and sizes[0] != sizes[1] for sizes in zip(shape, other, strict=True))


def _resized(logits, size):
    """Logits at another height and width, in float32."""
    logits = ops.cast(logits, "float32")
    *leading, height, width, channels = ops.shape(logits)
    flat = ops.reshape(logits, (-1, height, width, channels))
    # keras.ops.image.resize refuses sizes that are known only when the graph runs, as those of masks of any size.
    flat = backend.image.resize(flat, size, interpolation="bilinear", data_format="channels_last")
    return ops.reshape(flat, (*leading, *size, channels))
