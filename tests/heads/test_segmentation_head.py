import keras
import numpy as np
import pytest

from kmm.heads import SegmentationHead

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")


def test_equals_a_classifier_and_bilinear_enlargement():
    head = SegmentationHead(num_classes=7)
    outputs = head(FEATURES, output_size=(12, 8))
    kernel, _ = head.get_weights()
    logits = FEATURES @ kernel[0, 0]
    np.testing.assert_allclose(
        outputs, keras.ops.image.resize(logits, (12, 8), interpolation="bilinear"), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_logits_are_float32(dtype):
    head = SegmentationHead(1, dtype=dtype)
    symbolic = head(keras.Input((3, 4, 5), dtype=head.compute_dtype), output_size=(6, 8))
    assert head(FEATURES, output_size=(6, 8)).dtype == "float32"
    assert symbolic.dtype == "float32" and symbolic.shape == (None, 6, 8, 1)


def test_refuses_less_than_one_class():
    with pytest.raises(ValueError, match="at least one class. Received: num_classes=0"):
        SegmentationHead(num_classes=0)
