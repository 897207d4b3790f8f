import numpy as np
import pytest

from kmm.losses import (
    BinaryDice,
    BinaryLovasz,
    BinarySegmentationCrossEntropy,
    BoundaryWeighted,
    CategoricalDice,
    CombinedLoss,
)


def test_it_is_the_weighted_sum(batch):
    labels, logits, weights = batch(1)
    losses = [BinarySegmentationCrossEntropy(reduction="sum"), BoundaryWeighted(BinaryLovasz()), BinaryDice()]
    parts = [
        type(loss).from_config({**loss.get_config(), "reduction": None})(labels, logits, weights) for loss in losses
    ]
    found = CombinedLoss(losses, [1.0, 0.0, 2.5], reduction=None)(labels, logits, weights)
    np.testing.assert_allclose(found, parts[0] + 2.5 * parts[2], rtol=1e-5)
    np.testing.assert_allclose(
        CombinedLoss(losses, reduction=None)(labels, logits, weights), sum(parts[1:], parts[0]), rtol=1e-5
    )


@pytest.mark.parametrize(
    "losses, weights, error, message",
    [
        ([], None, ValueError, "There must be a loss to combine"),
        (["BinaryDice"], None, TypeError, r"Received: \['BinaryDice'\]. Give objects"),
        ([BinaryDice(), CategoricalDice()], None, ValueError, "all be for one channel or all for several"),
        ([BinaryDice(), BoundaryWeighted(CategoricalDice())], None, ValueError, "Use the Binary... or the Categorical"),
        ([BinaryDice(), BinaryDice(ignore_value=-1)], None, ValueError, r"Received: \[\('BinaryDice', 255\), .*-1"),
        ([BinaryDice()], [1.0, 2.0], ValueError, r"weights must be 1 finite numbers.*Received: weights=\[1.0, 2.0\]"),
        ([BinaryDice()], [-1.0], ValueError, "not negative, one for each loss"),
    ],
)
def test_bad_arguments_are_refused(losses, weights, error, message):
    with pytest.raises(error, match=message):
        CombinedLoss(losses, weights)
