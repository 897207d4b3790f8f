"""Any segmentation loss with more weight near boundaries."""

import keras
from keras import ops

from kmm.losses.check_argument import check_argument
from kmm.losses.segmentation_loss import SegmentationLoss


def boundary_proximity(labels, is_counted, width):
    """How near each pixel is to a boundary between labels: 1 beside it, falling to 0 at `width` pixels behind.

    Pixels that do not count make no boundary.

    Args:
        labels: int `(..., height, width)`, not negative where they count.
        is_counted: booleans of the same shape.
        width: number of pixels on either side of a boundary that are near it.

    Returns:
        float32 `(..., height, width)`.

    Example:

    >>> import numpy as np
    >>> proximity = boundary_proximity(np.array([[0, 0, 0, 1, 1]]), np.ones((1, 5), bool), width=2)
    >>> [float(value) for value in proximity[0]]
    [0.0, 0.5, 1.0, 1.0, 0.5]
    """
    shape = ops.shape(labels)
    maps = ops.reshape(ops.cast(labels, "float32"), (-1, *shape[-2:], 1))
    counted = ops.reshape(is_counted, (-1, *shape[-2:], 1))
    limit = float(2**24)  # beyond all labels
    largest = _dilate(ops.where(counted, maps, -limit))
    smallest = -_dilate(ops.where(counted, -maps, -limit))
    near = ops.cast(ops.logical_and(counted, largest > smallest), "float32")  # beside another label
    proximity = near
    for _ in range(width - 1):
        near = _dilate(near)
        proximity = proximity + near
    return ops.reshape(proximity / width, shape)


def _dilate(maps):
    return ops.max_pool(maps, 3, strides=1, padding="same", data_format="channels_last")


@keras.saving.register_keras_serializable(package="kmm")
class BoundaryWeighted(SegmentationLoss):
    """Any segmentation loss in which pixels near the boundary of a target or class weigh more.

    For thin and small things, most of whose pixels lie at a boundary, and for sharp outlines. A pixel beside a boundary
    weighs `1 + weight` times as much as one far from it, falling linearly over `width` pixels on both sides (distances
    as a king moves on a chessboard). U-Net's weights fall as a Gaussian of the distance to the two nearest cells, which
    it must keep apart; here there is one boundary. The weights act inside each sample, as weights of its pixels do, so
    samples with long boundaries weigh no more than others. Ignored pixels make no boundary; without a boundary, such as
    with an empty target, the loss is the plain one. Keras has no such loss.

    Reference: Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015.

    Args:
        loss: a loss of `kmm.losses`; its own reduction and dtype play no part.
        weight: what is added to the weight of a pixel beside a boundary, at least 0.
        width: how many pixels on either side of a boundary weigh more, at least 1.
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
        TypeError: `loss` is no segmentation loss, or `width` is not an int.
        ValueError: an argument is out of range, at construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.BoundaryWeighted(kmm.losses.BinarySegmentationCrossEntropy(), weight=1.0, width=1)
    >>> labels = np.array([[[0, 0, 0, 1, 1]]])
    >>> logits = np.array([[[0.0, -50.0, -50.0, 50.0, 50.0]]])[..., None]  # undecided far from the boundary
    >>> round(float(loss(labels, logits)), 4)  # log(2) / 7: weights 1, 1, 2, 2, 1
    0.099
    """

    def __init__(
        self, loss, weight=5.0, width=3, reduction="sum_over_batch_size", name="boundary_weighted", dtype=None
    ):
        if not isinstance(loss, SegmentationLoss):
            raise TypeError(
                f"loss must be a loss of kmm.losses. Received: loss={loss!r}. Give an object, such as BinaryDice()."
            )
        super().__init__(ignore_value=loss.ignore_value, reduction=reduction, name=name, dtype=dtype)
        if not isinstance(width, int):
            raise TypeError(f"width must be an int. Received: width={width!r}. Use 3.")
        check_argument(width >= 1, "width", width, "at least 1", "Use 3.")
        check_argument(
            0 <= weight < float("inf"), "weight", weight, "finite and not negative", "Use 0.0 for the plain loss."
        )
        self.loss, self.weight, self.width = loss, weight, width

    @property
    def binary(self):
        """As of the loss inside."""
        return self.loss.binary

    def sample_losses(self, labels, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        is_counted = ops.not_equal(labels, self.ignore_value)
        regions = ops.cast(labels == 1, "int32") if self.binary else labels  # other labels are background too
        proximity = ops.cast(boundary_proximity(regions, is_counted, self.width), pixel_weights.dtype)
        return self.loss.sample_losses(labels, logits, pixel_weights * (1.0 + self.weight * proximity))

    def get_config(self):
        """The constructor's arguments."""
        config = super().get_config()
        del config["ignore_value"]  # the inner loss has it
        loss = keras.saving.serialize_keras_object(self.loss)
        return {**config, "loss": loss, "weight": self.weight, "width": self.width}

    @classmethod
    def from_config(cls, config):
        """The loss that `get_config` describes."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})
