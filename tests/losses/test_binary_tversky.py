import numpy as np
import pytest

from kmm.losses import BinaryDice, BinaryTversky


@pytest.mark.parametrize("alpha, beta, gamma", [(0.3, 0.7, 1.0), (0.7, 0.2, 0.75), (1.0, 1.0, 2.0)])
def test_equals_the_formula_of_salehi(batch, alpha, beta, gamma):
    labels, logits, weights = batch(1)
    labels[2] = np.where(labels[2] == 1, 0, labels[2])  # a sample without a target: the share of its background
    found = BinaryTversky(alpha, beta, gamma, reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        target, weight = (labels[sample][counted] == 1).astype(float), weights[sample][counted]
        probability = 1 / (1 + np.exp(-logits[sample, ..., 0][counted]))
        found_area = np.sum(weight * probability * target)
        wrong, missed = np.sum(weight * probability * (1 - target)), np.sum(weight * (1 - probability) * target)
        if sample == 2:
            found_area = np.sum(weight * (1 - probability))
        index = found_area / (found_area + alpha * wrong + beta * missed)
        expected = weight.sum() / counted.sum() * (1 - index) ** gamma
        np.testing.assert_allclose(found[sample], expected, rtol=1e-9)


def test_halves_give_dice(batch):
    labels, logits, weights = batch(1)
    dice = BinaryDice(reduction=None, dtype="float64")(labels, logits, weights)
    tversky = BinaryTversky(0.5, 0.5, reduction=None, dtype="float64")(labels, logits, weights)
    np.testing.assert_allclose(tversky, dice, rtol=1e-12)


@pytest.mark.parametrize("name", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_bad_arguments_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be finite and above 0. Received: {name}={value}. Use "):
        BinaryTversky(**{name: value})
