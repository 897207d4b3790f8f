import numpy as np
import pytest

from kmm.losses import ExpectedCost, SegmentationCrossEntropy

COSTS = [[0, 1, 2], [3, 0, 1], [9, 1, 0]]


def test_equals_the_plain_formula(batch):
    labels, logits, weights = batch(3)
    class_weights = [0.5, 1.0, 2.0]
    loss = ExpectedCost(COSTS, 0.5, class_weights, reduction=None, dtype="float64")
    found = loss(labels, logits, weights)
    for sample in range(3):
        total, counted = 0.0, labels[sample] != 255
        for place in np.argwhere(counted):
            label, logit = labels[sample][tuple(place)], logits[sample][tuple(place)]
            probabilities = np.exp(logit) / np.exp(logit).sum()
            cost = sum(COSTS[label][answer] * probabilities[answer] for answer in range(3))
            loss = class_weights[label] * (cost - 0.5 * np.log(probabilities[label]))
            total += weights[sample][tuple(place)] * loss
        np.testing.assert_allclose(found[sample], total / counted.sum(), rtol=1e-9)


def test_no_costs_are_cross_entropy(batch):
    labels, logits, weights = batch(3)
    expected = SegmentationCrossEntropy()(labels, logits, weights)
    np.testing.assert_allclose(ExpectedCost(np.zeros((3, 3)))(labels, logits, weights), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "costs, message",
    [
        ([[0, 1]], r"a row and a column for each.*Received: rows of lengths \[2\]"),
        ([[0, 1], [1]], r"Received: rows of lengths \[2, 1\]. Give it as"),
        ([], r"at least two classes. Received: rows of lengths \[\]"),
        ([[0, -1], [1, 0]], "Costs must be finite and not negative.*Subtract from each row"),
        ([[1, 1], [1, 0]], "0 on the diagonal"),
        ([[0, float("nan")], [1, 0]], "Costs must be finite"),
    ],
)
def test_bad_costs_are_refused(costs, message):
    with pytest.raises(ValueError, match=message):
        ExpectedCost(costs)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="cross_entropy_weight must be finite and not negative. Received: .*=-1"):
        ExpectedCost([[0, 1], [1, 0]], -1)
    with pytest.raises(ValueError, match="a row for each channel.*Received: 2 rows, logits.shape=.*Give 3 rows"):
        ExpectedCost([[0, 1], [1, 0]])(np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 3)))
