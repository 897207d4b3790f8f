"""What the losses of one channel of logits share."""

from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.check_argument import check_argument
from kmm.losses.segmentation_loss import SegmentationLoss


class BinaryLoss(SegmentationLoss):
    """Base of the losses for referring segmentation; subclasses implement `binary_losses`.

    Labels other than 1 and `ignore_value` are background.

    Args:
        ignore_value: label of the pixels that count nowhere; not 0 or 1.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: `ignore_value` is 0 or 1, at construction; the logits have several channels, at the call.
    """

    binary = True

    def __init__(self, ignore_value=IGNORE_VALUE, reduction="sum_over_batch_size", name=None, dtype=None):
        super().__init__(ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        check_argument(ignore_value not in (0, 1), "ignore_value", ignore_value, "neither 0 nor 1", "Use 255 or -1.")

    def binary_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`.

        Args:
            labels: int32 `(..., height, width)`, 1 in the target.
            logits: `(..., height, width)`.
            pixel_weights: `(..., height, width)`, 0 at ignored pixels.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement binary_losses(labels, logits, pixel_weights).")

    def sample_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        if logits.shape[-1] != 1:
            raise ValueError(
                f"Binary logits must have one channel. Received: logits.shape={tuple(logits.shape)}. "
                "Use SegmentationCrossEntropy or another loss for more classes."
            )
        return self.binary_losses(labels, ops.squeeze(logits, axis=-1), pixel_weights)


def check_positive_weight(positive_weight):
    """Refuses a factor of the target's pixels that is out of range."""
    check_argument(
        0 < positive_weight < float("inf"),
        "positive_weight",
        positive_weight,
        "finite and above 0",
        "Use 1.0 to weigh target and background alike.",
    )
