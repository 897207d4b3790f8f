"""A weighted sum of segmentation losses."""

import keras

from kmm.losses.check_argument import check_argument
from kmm.losses.segmentation_loss import SegmentationLoss


@keras.saving.register_keras_serializable(package="kmm")
class CombinedLoss(SegmentationLoss):
    """A weighted sum of segmentation losses.

    For pairs such as cross-entropy and Lovász: the first gives a smooth start, the second the score that is wanted.
    What each of them does with empty targets, absent classes and labels that are no class, it does here. For
    cross-entropy and Dice of one channel `BinaryCrossEntropyDice` is one loss.

    Args:
        losses: losses of `kmm.losses`, all for one channel or all for several, with the same `ignore_value`; their own
            reductions and dtypes play no part.
        weights: a factor for each, at least 0; `None` for 1.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: labels `(..., height, width)`, of any dtype.
        y_pred: logits `(..., height, width, channels)`.
        sample_weight: weights of the samples, `(...)` or its first axes, or of the pixels, `(..., height, width)`.

    Output shape:
        A scalar, or `(...)` with `reduction=None`.

    Raises:
        TypeError: something else than segmentation losses is given.
        ValueError: there is no loss, the losses do not fit each other, or the weights are not as many or out of range,
            at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> from kmm.losses import BinaryLovasz, BinarySegmentationCrossEntropy, CombinedLoss
    >>> loss = CombinedLoss([BinarySegmentationCrossEntropy(), BinaryLovasz()], weights=[1.0, 0.5])
    >>> round(float(loss(np.ones((1, 2, 2)), np.zeros((1, 2, 2, 1)))), 4)  # log(2), and half of a hinge of 1
    1.1931
    """

    def __init__(self, losses, weights=None, reduction="sum_over_batch_size", name="combined_loss", dtype=None):
        losses = list(losses)
        strangers = [loss for loss in losses if not isinstance(loss, SegmentationLoss)]
        if strangers:
            raise TypeError(
                f"losses must be losses of kmm.losses. Received: {strangers}. Give objects, such as BinaryDice()."
            )
        if not losses:
            raise ValueError("There must be a loss to combine. Received: losses=[]. Give two or more.")
        super().__init__(ignore_value=losses[0].ignore_value, reduction=reduction, name=name, dtype=dtype)
        if len({loss.ignore_value for loss in losses}) > 1 or {True, False} <= {loss.binary for loss in losses}:
            listed = [(type(loss).__name__, loss.ignore_value) for loss in losses]
            raise ValueError(
                "Combined losses must all be for one channel or all for several, with one ignore_value. Received: "
                f"{listed}. Use the Binary... or the Categorical... ones, with the same ignore_value."
            )
        if weights is not None:
            weights = [float(weight) for weight in weights]
            check_argument(
                len(weights) == len(losses) and all(0 <= weight < float("inf") for weight in weights),
                "weights",
                weights,
                f"{len(losses)} finite numbers, not negative, one for each loss",
                "Use None to add the losses as they are.",
            )
        self.losses, self.weights = losses, weights

    @property
    def binary(self):
        """As of the losses inside."""
        return next((loss.binary for loss in self.losses if loss.binary is not None), None)

    def sample_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        weights = self.weights or [1.0] * len(self.losses)
        parts = [loss.sample_losses(labels, logits, pixel_weights) for loss in self.losses]
        return sum(weight * part for weight, part in zip(weights, parts, strict=True))

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        del config["ignore_value"]  # the losses have it
        losses = [keras.saving.serialize_keras_object(loss) for loss in self.losses]
        return {**config, "losses": losses, "weights": self.weights}

    @classmethod
    def from_config(cls, config):
        """The loss that `get_config` describes."""
        losses = [keras.saving.deserialize_keras_object(loss) for loss in config["losses"]]
        return cls(**{**config, "losses": losses})
