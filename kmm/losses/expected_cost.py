"""A loss that knows what each confusion costs."""

import keras
import numpy as np
from keras import ops

from kmm.feature_keys import IGNORE_VALUE
from kmm.losses.categorical_loss import CategoricalLoss, weights_of_pixels
from kmm.losses.check_argument import check_argument
from kmm.losses.pixel_mean import pixel_mean
from kmm.losses.segmentation_cross_entropy import categorical_pixel_losses


def expected_cost(class_ids, logits, pixel_weights, cost_matrix, class_weights=None, cross_entropy_weight=1.0):
    """The mean expected cost plus weighted cross-entropy: `(..., height, width)` ids give a loss `(...)`."""
    costs = ops.take(ops.convert_to_tensor(cost_matrix, dtype=logits.dtype), class_ids, axis=0)
    losses = ops.sum(costs * ops.softmax(logits, axis=-1), axis=-1)
    losses = losses + cross_entropy_weight * categorical_pixel_losses(class_ids, logits)
    return pixel_mean(losses * weights_of_pixels(class_weights, class_ids, logits.dtype), pixel_weights)


@keras.saving.register_keras_serializable(package="kmm")
class ExpectedCost(CategoricalLoss):
    """What the softmax answer is expected to cost, by a matrix of what each confusion costs, plus cross-entropy.

    For semantic segmentation where mistakes are not alike: a cyclist taken for road costs more than road for pavement,
    or a rare class that is missed more than one that is found too often. The expected cost alone, `sum_j C[y, j] p_j`,
    has no slope where an answer is surely wrong, so cross-entropy is added. Pixels labelled `ignore_value` count
    nowhere; a sample without any counted pixel costs 0; a label that is no class makes the loss nan. For one channel of
    logits use the `positive_weight` of a binary loss, or `BinaryTversky`. Keras has no such loss.

    Reference: Elkan, "The Foundations of Cost-Sensitive Learning", 2001, for the matrix; Galdran et al.,
    "Cost-Sensitive Regularization for Diabetic Retinopathy Grading from Eye Fundus Images", 2020, for the sum with
    cross-entropy.

    Args:
        cost_matrix: `num_classes` rows of `num_classes` floats, not negative: row the true class, column the answer,
            zeros on the diagonal.
        cross_entropy_weight: factor of the cross-entropy, at least 0.
        class_weights: one non-negative float for each class, which multiplies the loss of the pixels of that class;
            `None` weighs all classes alike.
        ignore_value: label of the pixels that count nowhere.
        reduction: how Keras reduces the sample losses; `None` returns them, shape `(...)`.
        name: name of the loss.
        dtype: dtype of the computation; float32 by default, also under mixed precision.

    Call arguments:
        y_true: class ids `(..., height, width)`, of any dtype.
        y_pred: logits `(..., height, width, num_classes)`.
        sample_weight: weights of the samples, `(...)` or its first axes, or of the pixels, `(..., height, width)`.

    Output shape:
        A scalar, or `(...)` with `reduction=None`.

    Raises:
        TypeError: `ignore_value` is not an int.
        ValueError: the matrix is not square, has another diagonal or negative costs, or an argument is out of range, at
            construction; shapes do not fit, at the call.

    Example:

    >>> import numpy as np
    >>> import kmm
    >>> loss = kmm.losses.ExpectedCost([[0, 1], [6, 0]], cross_entropy_weight=0.0)
    >>> float(loss(np.array([[[0, 1]]]), np.zeros((1, 1, 2, 2))))  # undecided: half of 1, and half of 6
    1.75
    """

    def __init__(
        self,
        cost_matrix,
        cross_entropy_weight=1.0,
        class_weights=None,
        ignore_value=IGNORE_VALUE,
        reduction="sum_over_batch_size",
        name="expected_cost",
        dtype=None,
    ):
        super().__init__(class_weights, ignore_value=ignore_value, reduction=reduction, name=name, dtype=dtype)
        cost_matrix = [[float(cost) for cost in row] for row in cost_matrix]
        if {len(row) for row in cost_matrix} != {len(cost_matrix)} or len(cost_matrix) < 2:
            raise ValueError(
                "cost_matrix must have a row and a column for each of at least two classes. Received: rows of lengths "
                f"{[len(row) for row in cost_matrix]}. Give it as [[0, 1], [1, 0]]."
            )
        costs = np.array(cost_matrix)
        if not np.all(np.isfinite(costs) & (costs >= 0)) or np.any(np.diag(costs)):
            raise ValueError(
                "Costs must be finite and not negative, and 0 on the diagonal, where the answer is right. Received: "
                f"cost_matrix={cost_matrix}. Subtract from each row what its right answer costs."
            )
        check_argument(
            0 <= cross_entropy_weight < float("inf"),
            "cross_entropy_weight",
            cross_entropy_weight,
            "finite and not negative",
            "Use 1.0, or 0.0 for the expected cost alone.",
        )
        self.cost_matrix, self.cross_entropy_weight = cost_matrix, cross_entropy_weight

    def class_losses(self, class_ids, logits, pixel_weights):
        """The loss of each sample, `(...)`."""
        if len(self.cost_matrix) != logits.shape[-1]:
            raise ValueError(
                "The cost matrix must have a row for each channel of the logits. Received: "
                f"{len(self.cost_matrix)} rows, logits.shape={tuple(logits.shape)}. Give {logits.shape[-1]} rows."
            )
        arguments = self.cost_matrix, self.class_weights, self.cross_entropy_weight
        return expected_cost(class_ids, logits, pixel_weights, *arguments)

    def get_config(self):
        """The constructor's arguments."""
        own = {"cost_matrix": self.cost_matrix, "cross_entropy_weight": self.cross_entropy_weight}
        return {**super().get_config(), **own}
