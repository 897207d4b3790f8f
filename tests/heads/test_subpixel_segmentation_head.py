import keras
import numpy as np
import pytest

from kmm.heads import SubpixelSegmentationHead

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")


@pytest.mark.parametrize("num_classes, scale", [(1, 1), (1, 4), (3, 2), (2, 3)])
def test_every_pixel_in_its_place(num_classes, scale):
    """Depth to space, pixel by pixel: row and column within the cell, then the class."""
    head = SubpixelSegmentationHead(num_classes, scale)
    outputs = np.asarray(head(FEATURES, output_size=(3 * scale, 4 * scale)))
    predicted = (FEATURES @ head.classifier.kernel.numpy()[0, 0]).reshape(2, 3, 4, scale, scale, num_classes)
    assert outputs.shape == (2, 3 * scale, 4 * scale, num_classes)
    for y in range(3 * scale):
        for x in range(4 * scale):
            expected = predicted[:, y // scale, x // scale, y % scale, x % scale]
            np.testing.assert_allclose(outputs[:, y, x], expected, rtol=1e-4, atol=1e-5)


def test_logits_are_float32_under_mixed_precision():
    head = SubpixelSegmentationHead(1, 2, dtype="mixed_bfloat16")
    assert head(FEATURES, output_size=(6, 8)).dtype == "float32"
    symbolic = head(keras.Input((3, 4, 5), dtype="bfloat16"), output_size=(6, 8))
    assert symbolic.dtype == "float32" and symbolic.shape == (None, 6, 8, 1)


@pytest.mark.parametrize("symbolic", [True, False])
@pytest.mark.parametrize("output_size", [(12, 8), (8, 6), (3, 8)])
def test_refuses_another_output_size(symbolic, output_size):
    features = keras.Input((3, 4, 5)) if symbolic else FEATURES
    size = str(output_size).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"must be 2 times as large.*\(3, 4\), output_size={size}.*SegmentationHead"):
        SubpixelSegmentationHead(1, scale=2)(features, output_size=output_size)


@pytest.mark.parametrize("arguments", [(0, 4), (1, 0)])
def test_refuses_arguments_that_are_not_positive(arguments):
    with pytest.raises(ValueError, match="must be positive. Received: num_classes={}, scale={}".format(*arguments)):
        SubpixelSegmentationHead(*arguments)
