import numpy as np
import pytest

from kmm.losses import CategoricalDice


@pytest.mark.parametrize("class_weights", [None, [0.5, 0.0, 2.0]])
def test_equals_the_plain_formula(batch, class_weights):
    labels, logits, weights = batch(3)
    labels[1] = np.where(labels[1] == 2, 0, labels[1])  # class 2 does not occur there
    found = CategoricalDice(class_weights, reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        ids, weight = labels[sample][counted], weights[sample][counted]
        exponentials = np.exp(logits[sample][counted])
        probabilities = exponentials / exponentials.sum(-1, keepdims=True)
        losses, class_weight = [], []
        for label in sorted(set(ids[weight > 0])):
            target, answer = ids == label, probabilities[:, label]
            dice = 2 * np.sum(weight * target * answer) / np.sum(weight * (target + answer))
            losses.append(1 - dice)
            class_weight.append((class_weights or [1, 1, 1])[label])
        expected = weight.sum() / counted.sum() * np.average(losses, weights=class_weight)
        np.testing.assert_allclose(found[sample], expected, rtol=1e-9)
    assert set(labels[1][labels[1] != 255]) == {0, 1}
