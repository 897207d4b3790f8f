import numpy as np
import pytest

from kmm.losses import CategoricalHardPixels, SegmentationCrossEntropy


def test_equals_the_plain_formula(batch):
    labels, logits, weights = batch(3)
    class_weights = np.array([0.5, 1.0, 2.0])
    loss = CategoricalHardPixels(0.3, 0.2, class_weights, reduction=None, dtype="float64")
    found = loss(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        ids, weight = labels[sample][counted], weights[sample][counted]
        exponentials = np.exp(logits[sample][counted])
        right = exponentials[np.arange(len(ids)), ids] / exponentials.sum(-1)
        losses = -class_weights[ids] * np.log(right)
        ranked = np.sort(losses[weight > 0])[::-1]
        hard = (losses >= ranked[int(np.ceil(0.3 * len(ranked))) - 1]) | (right < 0.2)
        expected = weight.sum() / counted.sum() * np.average(losses[hard], weights=weight[hard])
        np.testing.assert_allclose(found[sample], expected, rtol=1e-9)


def test_all_pixels_are_cross_entropy(batch):
    labels, logits, weights = batch(3)
    expected = SegmentationCrossEntropy()(labels, logits, weights)
    np.testing.assert_allclose(CategoricalHardPixels(1.0)(labels, logits, weights), expected, rtol=1e-6)


def test_bad_shares_are_refused():
    with pytest.raises(ValueError, match="share must be above 0 and at most 1. Received: share=0"):
        CategoricalHardPixels(0)
