import keras
import numpy as np
import pytest

from kmm.losses import BinarySegmentationCrossEntropy


def test_equals_keras_where_nothing_is_ignored(batch):
    labels, logits, _ = batch(1)
    labels = np.minimum(labels, 1)
    expected = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")(labels[..., None], logits)
    np.testing.assert_allclose(BinarySegmentationCrossEntropy(dtype="float64")(labels, logits), expected, rtol=1e-9)


def test_equals_the_plain_formula(batch):
    labels, logits, weights = batch(1)
    found = BinarySegmentationCrossEntropy(positive_weight=4.0, reduction=None, dtype="float64")(
        labels, logits, weights
    )
    for sample in range(3):
        counted = labels[sample] != 255
        target, weight = labels[sample][counted] == 1, weights[sample][counted]
        right = 1 / (1 + np.exp(np.where(target, -1, 1) * logits[sample, ..., 0][counted]))
        expected = np.sum(weight * np.where(target, 4.0, 1.0) * -np.log(right)) / counted.sum()
        np.testing.assert_allclose(found[sample], expected, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_bad_weights_are_refused(value):
    with pytest.raises(ValueError, match=f"positive_weight must be finite and above 0. Received: .*={value}. Use 1.0"):
        BinarySegmentationCrossEntropy(positive_weight=value)
    with pytest.raises(ValueError, match="ignore_value must be neither 0 nor 1. Received: ignore_value=1. Use 255"):
        BinarySegmentationCrossEntropy(ignore_value=1)
