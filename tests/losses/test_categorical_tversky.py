import numpy as np
import pytest

from kmm.losses import CategoricalDice, CategoricalTversky


@pytest.mark.parametrize("gamma", [1.0, 0.75])
def test_equals_the_plain_formula(batch, gamma):
    labels, logits, weights = batch(3)
    found = CategoricalTversky(0.2, 0.9, gamma, reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        ids, weight = labels[sample][counted], weights[sample][counted]
        exponentials = np.exp(logits[sample][counted])
        probabilities = exponentials / exponentials.sum(-1, keepdims=True)
        losses = []
        for label in set(ids[weight > 0]):
            target, answer = ids == label, probabilities[:, label]
            hit = np.sum(weight * target * answer)
            wrong, missed = np.sum(weight * ~target * answer), np.sum(weight * target * (1 - answer))
            losses.append((1 - hit / (hit + 0.2 * wrong + 0.9 * missed)) ** gamma)
        np.testing.assert_allclose(found[sample], weight.sum() / counted.sum() * np.mean(losses), rtol=1e-9)


def test_halves_give_dice(batch):
    labels, logits, weights = batch(3)
    dice = CategoricalDice([1, 2, 3])(labels, logits, weights)
    tversky = CategoricalTversky(0.5, 0.5, class_weights=[1, 2, 3])(labels, logits, weights)
    np.testing.assert_allclose(tversky, dice, rtol=1e-6)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="beta must be finite and above 0. Received: beta=0.0. Use 0.5 for both"):
        CategoricalTversky(beta=0.0)
