import numpy as np
import pytest

from kmm.losses import CategoricalFocal, SegmentationCrossEntropy

CLASS_WEIGHTS = [0.5, 1.0, 2.0]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_equals_the_plain_formula(batch, gamma):
    labels, logits, weights = batch(3)
    found = CategoricalFocal(gamma, CLASS_WEIGHTS, reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        ids, weight = labels[sample][counted], weights[sample][counted]
        exponentials = np.exp(logits[sample][counted])
        right = exponentials[np.arange(len(ids)), ids] / exponentials.sum(-1)
        losses = -np.array(CLASS_WEIGHTS)[ids] * (1 - right) ** gamma * np.log(right)
        np.testing.assert_allclose(found[sample], np.sum(weight * losses) / counted.sum(), rtol=1e-9)


def test_without_gamma_it_is_cross_entropy(batch):
    labels, logits, weights = batch(3)
    expected = SegmentationCrossEntropy(class_weights=CLASS_WEIGHTS)(labels, logits, weights)
    np.testing.assert_allclose(CategoricalFocal(0.0, CLASS_WEIGHTS)(labels, logits, weights), expected, rtol=1e-6)


def test_bad_gamma_is_refused():
    with pytest.raises(ValueError, match="gamma must be finite and not negative. Received: gamma=-1.0. Use 2.0"):
        CategoricalFocal(-1.0)
