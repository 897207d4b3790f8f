import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomBlur


def blur(image, index, **arguments):
    step = RandomBlur(**{"probability": 1.0, **arguments})
    return step({"images": tf.constant(image)}, tf.constant([6, index], "int64"))["images"].numpy()


def gaussian(image, deviation):
    """An independent formula: rows and columns of weights of all pixels, edges repeated."""
    values, reach = image.astype("float64"), 12
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * max(deviation, 1e-3) ** 2))
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if a == axis else (0, 0) for a in range(3)], mode="edge")
        values = np.apply_along_axis(lambda line: np.convolve(line, weights, "valid"), axis, padded)
    return values


@pytest.mark.parametrize("index", range(5))
def test_is_a_gaussian_of_the_deviation_drawn(index):
    image = np.random.default_rng(index).integers(0, 256, (9, 12, 3), dtype="uint8")
    deviation = 2.0 * tf.random.stateless_uniform((2,), tf.constant([6, index], "int64"))[1].numpy()
    np.testing.assert_allclose(blur(image, index, largest=2.0), gaussian(image, deviation), atol=1.5)


def test_smooths_and_keeps_flat_pictures():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype="uint8")
    spreads = [blur(image, index).std() / image.std() for index in range(20)]
    assert max(spreads) <= 1 and min(spreads) < 0.5 and np.ptp(spreads) > 0.3
    flat = np.full((3, 2, 3), 200, "uint8")
    assert all((blur(flat, index) == 200).all() for index in range(5))


def test_probability():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype="uint8")
    assert all(np.array_equal(blur(image, index, probability=0), image) for index in range(5))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"probability": 2}, r"lies in \[0, 1\]. Received: probability=2"),
        ({"largest": 0}, r"lies in \(0, 20\] pixels. Received: largest=0"),
        ({"largest": 21}, r"lies in \(0, 20\] pixels. Received: largest=21"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomBlur(**arguments)
