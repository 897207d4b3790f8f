import keras
import numpy as np
import pytest

from kmm.encoders import TransformerImageEncoder

TINY = {"widths": (4, 6, 8), "num_heads": (1, 2, 2), "reductions": (4, 2, 1)}


@pytest.mark.parametrize("image_size", [(16, 32), (32, 16)])
def test_levels_and_strides(image_size):
    encoder = TransformerImageEncoder(image_size, **TINY)
    features = encoder(np.zeros((2, *image_size, 3), "uint8"))
    assert {level: tuple(features[level].shape) for level in features} == {
        f"P{n}": (2, image_size[0] // 2**n, image_size[1] // 2**n, width)
        for n, width in enumerate(TINY["widths"], start=2)
    }
    assert encoder.pyramid_levels == ("P2", "P3", "P4") and encoder.image_size == image_size


def test_equals_its_layers_one_after_another():
    encoder = TransformerImageEncoder((16, 16), blocks=(1, 2, 0), **TINY)
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")
    x, expected = images / 127.5 - 1, {}
    for level, count in (("p2", 1), ("p3", 2), ("p4", 0)):
        for name in ("embed", "embed_norm", *(f"block{i + 1}" for i in range(count)), "norm"):
            x = encoder.get_layer(f"{level}_{name}")(x)
        expected[level.upper()] = x
    for level, features in encoder(images).items():
        np.testing.assert_allclose(features, expected[level], rtol=1e-4, atol=1e-5)


def test_patches_overlap():
    """A pixel of the next patch already counts: the kernel is larger than the stride."""
    encoder = TransformerImageEncoder((16, 16), blocks=0, **TINY)
    assert encoder.get_layer("p2_embed").kernel.shape[:2] == (7, 7)
    assert encoder.get_layer("p3_embed").kernel.shape[:2] == (3, 3)


def test_pixels_of_any_dtype_are_rescaled_inside():
    encoder = TransformerImageEncoder((16, 16), **TINY)
    images = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype="uint8")
    np.testing.assert_array_equal(encoder(images)["P4"], encoder(images.astype("float32"))["P4"])
    rescaled = keras.Model(encoder.input, encoder.get_layer("rescale").output)
    np.testing.assert_allclose(np.ravel(rescaled(np.full((1, 16, 16, 3), 255.0))), 1.0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image_size": (500, 333)}, r"multiples of 32.*Received: image_size=\(500, 333\).*nearest.*\(512, 320\)"),
        ({"image_size": (64,)}, r"image size is \(height, width\). Received: image_size=\(64,\)"),
        ({"widths": (8, 8)}, r"Every level needs a width.* Received: widths=\(8, 8\), blocks=\(1, 1\)"),
        ({"widths": (), "num_heads": (), "reductions": ()}, r"Every level needs a width.* Received: widths=\(\)"),
        ({"num_heads": (1, 2, 4, 5)}, r"divisible by its number of heads. .*num_heads=\(1, 2, 4, 5\)"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        TransformerImageEncoder(**{"image_size": (64, 64), **arguments})
