import keras
import numpy as np
import pytest

from kmm.losses import BinaryFocal, BinarySegmentationCrossEntropy


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_equals_the_formula_of_lin(batch, gamma):
    labels, logits, weights = batch(1)
    found = BinaryFocal(gamma, positive_weight=0.25 / 0.75, reduction=None, dtype="float64")(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        target, weight = labels[sample][counted] == 1, weights[sample][counted]
        probability = 1 / (1 + np.exp(-logits[sample, ..., 0][counted]))
        right, alpha = np.where(target, probability, 1 - probability), np.where(target, 0.25, 0.75)
        losses = -alpha * (1 - right) ** gamma * np.log(right) / 0.75
        np.testing.assert_allclose(found[sample], np.sum(weight * losses) / counted.sum(), rtol=1e-9)


def test_equals_keras_where_that_does_not_clip(batch):
    labels, logits, _ = batch(1)
    labels = np.minimum(labels, 1)
    expected = keras.losses.BinaryFocalCrossentropy(from_logits=True, dtype="float64")(labels[..., None], logits)
    np.testing.assert_allclose(BinaryFocal(dtype="float64")(labels, logits), expected, rtol=1e-5)


def test_without_gamma_it_is_cross_entropy(batch):
    labels, logits, weights = batch(1)
    expected = BinarySegmentationCrossEntropy(positive_weight=2.0)(labels, logits, weights)
    np.testing.assert_allclose(BinaryFocal(0.0, 2.0)(labels, logits, weights), expected, rtol=1e-6)


@pytest.mark.parametrize("gamma", [-1.0, float("inf"), float("nan")])
def test_bad_gamma_is_refused(gamma):
    with pytest.raises(ValueError, match=f"gamma must be finite and not negative. Received: gamma={gamma}. Use 2.0"):
        BinaryFocal(gamma)
