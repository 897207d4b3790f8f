import keras
import numpy as np
import pytest

from kmm.losses import (
    BinaryDice,
    BinarySegmentationCrossEntropy,
    BoundaryWeighted,
    CombinedLoss,
    SegmentationCrossEntropy,
)
from kmm.losses.boundary_weighted import boundary_proximity


def expected_proximity(labels, width):
    """By the distance to the nearest pixel beside another label, both counted."""
    height, length = labels.shape
    places = [place for place in np.ndindex(height, length)]
    distance = lambda a, b: max(abs(a[0] - b[0]), abs(a[1] - b[1]))  # noqa: E731
    counted = [place for place in places if labels[place] != 255]
    edge = [a for a in counted if any(distance(a, b) == 1 and labels[a] != labels[b] for b in counted)]
    proximity = np.zeros(labels.shape)
    for place in places:
        nearest = min((distance(place, other) for other in edge), default=99)
        proximity[place] = max(0, width - nearest) / width
    return proximity


@pytest.mark.parametrize("width", [1, 3])
def test_proximity_equals_its_definition(width):
    rng = np.random.default_rng(0)
    labels = np.zeros((4, 9, 12), int)
    labels[0, 3:6, 4:9] = 1
    labels[1, :, 6:], labels[1, 4:] = 3, 2
    labels[2][rng.random((9, 12)) < 0.1] = 255
    labels[3, 2:4, 2:4], labels[3, :, 4], labels[3, 7, 10] = 1, 255, 1
    found = boundary_proximity(labels.reshape((2, 2, 9, 12)), (labels != 255).reshape((2, 2, 9, 12)), width)
    for sample in range(4):
        expected = expected_proximity(labels[sample], width)
        np.testing.assert_allclose(found[sample // 2, sample % 2], expected, atol=1e-6)


@pytest.mark.parametrize("loss, channels", [(BinaryDice(), 1), (SegmentationCrossEntropy(), 3)])
def test_it_is_the_loss_under_weights_of_pixels(batch, loss, channels):
    labels, logits, weights = batch(channels, (3, 8, 9))
    boundary = np.stack([1 + 4 * expected_proximity(one, 2) for one in labels])
    counted = labels != 255
    found = BoundaryWeighted(loss, weight=4.0, width=2, reduction=None)(labels, logits, weights)
    for sample in range(3):
        under_both = loss(labels[sample], logits[sample], (weights * boundary)[sample])
        heavier = np.sum((weights * boundary)[sample][counted[sample]]) / np.sum(weights[sample][counted[sample]])
        np.testing.assert_allclose(found[sample], under_both / heavier, rtol=1e-5)


def test_without_a_boundary_it_is_the_plain_loss(batch):
    _, logits, weights = batch(1)
    for label in (0, 1):
        labels = np.full(weights.shape, label)
        expected = BinarySegmentationCrossEntropy()(labels, logits, weights)
        found = BoundaryWeighted(BinarySegmentationCrossEntropy())(labels, logits, weights)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_all_labels_that_a_binary_loss_takes_for_background_are_one_region(batch):
    labels, logits, _ = batch(1, (3, 6, 9))
    others = np.where(labels == 0, np.random.default_rng(1).choice([0, 7], labels.shape), labels)
    for inside in (BinaryDice(), CombinedLoss([BinaryDice(), BinarySegmentationCrossEntropy()])):
        loss = BoundaryWeighted(inside, reduction=None)
        np.testing.assert_allclose(loss(others, logits), loss(labels, logits), rtol=1e-6)


def test_it_takes_the_ignore_value_of_the_loss_inside():
    assert BoundaryWeighted(BinaryDice(ignore_value=-1)).ignore_value == -1


def test_bad_arguments_are_refused():
    with pytest.raises(
        TypeError, match="loss must be a loss of kmm.losses. Received: loss='BinaryDice'. Give an object"
    ):
        BoundaryWeighted("BinaryDice")
    with pytest.raises(TypeError, match="loss must be a loss of kmm.losses"):
        BoundaryWeighted(keras.losses.Dice())
    with pytest.raises(TypeError, match="width must be an int. Received: width=2.0"):
        BoundaryWeighted(BinaryDice(), width=2.0)
    with pytest.raises(ValueError, match="width must be at least 1. Received: width=0"):
        BoundaryWeighted(BinaryDice(), width=0)
    with pytest.raises(ValueError, match="weight must be finite and not negative. Received: weight=-1"):
        BoundaryWeighted(BinaryDice(), weight=-1)
