import numpy as np
import pytest

from kmm.losses import BinaryHardPixels, BinarySegmentationCrossEntropy


@pytest.mark.parametrize("share, min_probability", [(0.25, None), (0.1, 0.6), (0.9, 0.01)])
def test_equals_the_plain_formula(batch, share, min_probability):
    labels, logits, weights = batch(1)
    loss = BinaryHardPixels(share, min_probability, positive_weight=3.0, reduction=None, dtype="float64")
    found = loss(labels, logits, weights)
    for sample in range(3):
        counted = labels[sample] != 255
        weight = weights[sample][counted]
        target = labels[sample][counted] == 1
        right = 1 / (1 + np.exp(np.where(target, -1, 1) * logits[sample, ..., 0][counted]))
        losses = -np.where(target, 3.0, 1.0) * np.log(right)
        ranked = np.sort(losses[weight > 0])[::-1]
        hard = (losses >= ranked[int(np.ceil(share * len(ranked))) - 1]) & (weight > 0)
        if min_probability is not None:
            hard |= right < min_probability
        expected = weight.sum() / counted.sum() * np.average(losses[hard], weights=weight[hard])
        np.testing.assert_allclose(found[sample], expected, rtol=1e-9)


def test_all_pixels_are_cross_entropy(batch):
    labels, logits, weights = batch(1)
    expected = BinarySegmentationCrossEntropy()(labels, logits, weights)
    np.testing.assert_allclose(BinaryHardPixels(share=1.0)(labels, logits, weights), expected, rtol=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.5, float("nan")])
def test_bad_shares_are_refused(share):
    with pytest.raises(ValueError, match=f"share must be above 0 and at most 1. Received: share={share}. Use 0.25"):
        BinaryHardPixels(share)
    with pytest.raises(
        ValueError, match="min_probability must be between 0 and 1, or None. Received: .*=1.0. Use None"
    ):
        BinaryHardPixels(min_probability=1.0)
