import numpy as np
import pytest

from kmm.losses import CategoricalLovasz


def extension(errors, target, weight):
    """The Lovász extension of the Jaccard loss, from its definition: each set of the largest errors in turn."""
    value, before, wrong = 0.0, 0.0, np.zeros(len(errors), bool)
    for place in np.argsort(-errors):
        wrong[place] = True
        answer = target ^ wrong
        after = 1 - weight[answer & target].sum() / weight[answer | target].sum()
        value, before = value + errors[place] * (after - before), after
    return value


@pytest.mark.parametrize("class_weights", [None, [0.5, 1.0, 2.0]])
def test_equals_the_definition(batch, class_weights):
    labels, logits, weights = batch(3)
    labels[1] = np.where(labels[1] == 2, 0, labels[1])  # class 2 does not occur there
    found = CategoricalLovasz(class_weights, reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        ids, weight = labels[sample][counted], weights[sample][counted]
        exponentials = np.exp(logits[sample][counted])
        probabilities = exponentials / exponentials.sum(-1, keepdims=True)
        classes = sorted(set(ids[weight > 0]))
        losses = [extension(np.abs((ids == c) - probabilities[:, c]), ids == c, weight) for c in classes]
        mean = np.average(losses, weights=[(class_weights or [1, 1, 1])[c] for c in classes])
        np.testing.assert_allclose(found[sample], weight.sum() / counted.sum() * mean, rtol=1e-9)
