"""What the segmentation losses share: one loss for each sample, and weights for pixels or for samples."""

import keras
from keras import ops

from kmm.feature_keys import IGNORE_VALUE


class SegmentationLoss(keras.losses.Loss):
    """Base of the losses over `(..., height, width)` labels; subclasses implement `sample_losses`.

    A sample is one `(height, width)` map. Keras reduces the sample losses as it always does. `sample_weight` may hold

    - one weight for each sample, `(...)` or its first axes, which multiply the loss of the sample;
    - one weight for each pixel, `(..., height, width)`: the mean inside a sample becomes a weighted mean, and the mean
      weight of the counted pixels becomes the weight of the sample. Pixels that all weigh `w` are therefore exactly
      a sample that weighs `w`, and a pixel of weight 0 counts nowhere.

    Args:
        ignore_value: label of the pixels that count nowhere.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: the dtype is float16, whose sums over pixels overflow, at construction; the shapes of labels and
            logits, or the ranks of labels and weights, do not fit, at the call.
    """

    binary = None
    """Whether the logits have one channel; `None` where the loss takes one as well as several."""

    def __init__(self, ignore_value=IGNORE_VALUE, reduction="sum_over_batch_size", name=None, dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not isinstance(ignore_value, int):
            raise TypeError(f"ignore_value must be an int. Received: ignore_value={ignore_value!r}. Use 255 or -1.")
        if self.dtype == "float16":
            raise ValueError(
                "The dtype of a loss must hold sums over all pixels; float16 ends at 65504. Received: dtype=float16. "
                "Use dtype='float32'; the logits may be float16 all the same."
            )
        self.ignore_value = ignore_value

    def sample_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`.

        Args:
            labels: int32 `(..., height, width)`.
            logits: `(..., height, width, channels)`.
            pixel_weights: `(..., height, width)`, 0 at ignored pixels.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement sample_losses(labels, logits, pixel_weights).")

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        rank = len(y_true.shape)
        shapes = f"y_true.shape={tuple(y_true.shape)}, y_pred.shape={tuple(y_pred.shape)}"
        if rank < 2 or len(y_pred.shape) != rank + 1:
            raise ValueError(
                f"Labels must be (..., height, width) and logits (..., height, width, channels). Received: {shapes}. "
                "Squeeze a channel axis off the labels; keep it on the logits."
            )
        if any(
            None not in sizes and sizes[0] != sizes[1] for sizes in zip(y_true.shape, y_pred.shape[:-1], strict=True)
        ):
            raise ValueError(
                f"Labels and logits must agree in all axes but the last of the logits. Received: {shapes}. "
                "Resize the masks in the data set to the size of the model's output."
            )
        pixel_weights = ops.cast(ops.not_equal(ops.cast(y_true, "int32"), self.ignore_value), self.dtype)
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight, dtype=self.dtype)
            weight_rank = len(sample_weight.shape)
            if weight_rank == rank:
                num_counted = ops.sum(pixel_weights, axis=(-2, -1))
                pixel_weights = pixel_weights * sample_weight
                sample_weight = ops.divide_no_nan(ops.sum(pixel_weights, axis=(-2, -1)), num_counted)
            elif weight_rank <= rank - 2:
                for _ in range(rank - 2 - weight_rank):
                    sample_weight = ops.expand_dims(sample_weight, -1)  # (batch, 1): the same for all its maps
            else:
                raise ValueError(
                    "sample_weight must have one value for each sample or one for each pixel. Received: "
                    f"sample_weight.shape={tuple(sample_weight.shape)}, y_true.shape={tuple(y_true.shape)}. "
                    "Give it the shape of the labels, or that shape without height and width."
                )
        return super().__call__((y_true, pixel_weights), y_pred, sample_weight)

    def call(self, y_true, y_pred):
        """The sample losses; `y_true` is the pair of labels and pixel weights that `__call__` made."""
        labels, pixel_weights = y_true
        return self.sample_losses(ops.cast(labels, "int32"), y_pred, pixel_weights)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "dtype": self.dtype, "ignore_value": self.ignore_value}
