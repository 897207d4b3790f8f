import keras
import numpy as np
import pytest

from kmm.encoders import ConvImageEncoder

CLASSIC = {
    "widths": (32, 64, 128),
    "blocks": 0,
    "downsampling": "max_pooling",
    "normalization": False,
    "image_shortcut": False,
}


@pytest.mark.parametrize(
    "image_size, widths, expected",
    [
        ((16, 8), (2, 4), {"P2": (4, 2, 4)}),
        ((32, 64), (2, 4, 6, 8, 10), {"P2": (8, 16, 4), "P3": (4, 8, 6), "P4": (2, 4, 8), "P5": (1, 2, 10)}),
    ],
)
@pytest.mark.parametrize("downsampling", ["convolution", "max_pooling"])
@pytest.mark.parametrize("image_shortcut", [False, True])
def test_levels_and_strides(image_size, widths, expected, downsampling, image_shortcut):
    encoder = ConvImageEncoder(image_size, widths, downsampling=downsampling, image_shortcut=image_shortcut)
    features = encoder(np.zeros((2, *image_size, 3), "uint8"))
    assert {level: tuple(features[level].shape) for level in features} == {
        level: (2, height, width, channels + (3 + 2 * widths[0]) * image_shortcut)
        for level, (height, width, channels) in expected.items()
    }
    assert encoder.pyramid_levels == tuple(expected) and encoder.image_size == image_size


def test_classic_configuration():
    """Convolutions of 32, 64 and 128 filters, each followed by max pooling, and nothing else."""
    encoder = ConvImageEncoder((16, 16), **CLASSIC)
    shapes = [tuple(weight.shape) for weight in encoder.weights]
    assert shapes == [(3, 3, 3, 32), (32,), (3, 3, 32, 64), (64,), (3, 3, 64, 128), (128,)]
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")
    x = images / 127.5 - 1
    for kernel, bias in zip(encoder.weights[0::2], encoder.weights[1::2], strict=True):
        x = keras.ops.relu(keras.ops.conv(x, kernel, padding="same") + bias)
        x = keras.ops.max_pool(x, 2)
    np.testing.assert_allclose(encoder(images)["P3"], x, rtol=1e-4, atol=1e-5)


def test_image_shortcut_carries_colours_and_textures():
    """The averaged picture, then mean and maximum of the first convolution's responses in each cell."""
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype("float32")
    encoder = ConvImageEncoder((16, 24), (4, 5, 6))
    responses = keras.Model(encoder.input, encoder.get_layer("p1_step").output)(images).numpy()

    def cells(map, stride):
        rows, columns = map.shape[1] // stride, map.shape[2] // stride
        return map.reshape(2, rows, stride, columns, stride, -1)

    for level, features in encoder(images).items():
        stride = 2 ** int(level[1])
        of_responses = cells(responses, stride // 2)
        carried = [cells(images / 127.5 - 1, stride).mean((2, 4)), of_responses.mean((2, 4)), of_responses.max((2, 4))]
        np.testing.assert_allclose(features[..., -11:], np.concatenate(carried, axis=-1), atol=1e-5)


@pytest.mark.parametrize("blocks, expected", [(1, [1, 2, 3, 4]), ((0, 0, 2, 1), [3, 3, 4]), ([0, 0, 0, 0], [])])
def test_blocks_for_each_level(blocks, expected):
    encoder = ConvImageEncoder((16, 16), (4, 4, 4, 4), blocks)
    names = [layer.name for layer in encoder.layers if "block" in layer.name]
    assert [int(name[1]) for name in names] == expected


def test_pixels_of_any_dtype_are_rescaled_inside():
    encoder = ConvImageEncoder((8, 8), (4, 4))
    images = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype="uint8")
    np.testing.assert_array_equal(encoder(images)["P2"], encoder(images.astype("float32"))["P2"])
    rescaled = keras.Model(encoder.input, encoder.get_layer("rescale").output)
    np.testing.assert_allclose(np.ravel(rescaled(np.full((1, 8, 8, 3), 255.0))), 1.0)
    np.testing.assert_allclose(np.ravel(rescaled(np.zeros((1, 8, 8, 3)))), -1.0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image_size": (500, 333)}, r"multiples of 32.*Received: image_size=\(500, 333\).*nearest.*\(512, 320\)"),
        ({"image_size": (3, 0), "widths": (4, 4)}, r"multiples of 4.*\(3, 0\).*nearest.*\(4, 4\)"),
        ({"image_size": (64,)}, r"image size is \(height, width\). Received: image_size=\(64,\)"),
        ({"downsampling": "stride"}, "'convolution' or 'max_pooling'. Received: downsampling='stride'"),
        ({"widths": (8,)}, r"at least two widths.*Received: widths=\(8,\), blocks=\(1,\)"),
        (
            {"widths": (8, 8, 8), "blocks": (1,)},
            r"a number of blocks for each. Received: widths=\(8, 8, 8\), blocks=\(1,\)",
        ),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvImageEncoder(**{"image_size": (64, 64), **arguments})
