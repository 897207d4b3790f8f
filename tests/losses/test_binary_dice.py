import numpy as np
import pytest

from kmm.losses import BinaryCrossEntropyDice, BinaryDice, BinarySegmentationCrossEntropy


@pytest.mark.parametrize(
    "labels, logits, expected",
    [
        pytest.param([1, 0], [50, -50], 0.0, id="perfect"),
        pytest.param([0, 0], [-50, -50], 0.0, id="empty answer to an empty target"),
        pytest.param([0, 0], [50, 50], 1.0, id="full answer to an empty target"),
        pytest.param([1, 1, 1, 0], [50, 50, -50, -50], 1 / 5, id="one of three missed"),
        pytest.param([1, 255, 0], [50, 50, -50], 0.0, id="wrong only where ignored"),
    ],
)
def test_hand_made_cases(labels, logits, expected):
    loss = BinaryDice()([[labels]], np.array([[logits]], "float32")[..., None])
    np.testing.assert_allclose(loss, expected, rtol=1e-6, atol=1e-6)


def test_it_is_the_dice_of_the_sum_with_cross_entropy(batch):
    labels, logits, weights = batch(1)
    both = BinaryCrossEntropyDice(dice_weight=2.5, positive_weight=3.0, dtype="float64")(labels, logits, weights)
    cross_entropy = BinarySegmentationCrossEntropy(positive_weight=3.0, dtype="float64")(labels, logits, weights)
    dice = BinaryDice(dtype="float64")(labels, logits, weights)
    np.testing.assert_allclose(both, cross_entropy + 2.5 * dice, rtol=1e-12)
