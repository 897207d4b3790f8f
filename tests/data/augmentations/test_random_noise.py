import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomNoise

IMAGE = np.full((120, 120, 3), 128, "uint8")


def noise(index, image=IMAGE, **arguments):
    step = RandomNoise(**{"probability": 1.0, **arguments})
    changed = step({"images": tf.constant(image)}, tf.constant([8, index], "int64"))["images"].numpy()
    assert changed.dtype == np.uint8
    return changed.astype(float) - image


def test_has_the_deviation_drawn_and_no_bias():
    for index in range(8):
        expected = 20 * tf.random.stateless_uniform((2,), tf.constant([8, index], "int64"))[1].numpy()
        values = noise(index, largest=20.0)
        assert values.std() == pytest.approx(expected, rel=0.05, abs=0.4)
        assert abs(values.mean()) < 0.1 + expected / 20


def test_is_independent_of_place_and_channel():
    values = noise(0, largest=40.0)
    for one, other in ((values[:-1], values[1:]), (values[..., 0], values[..., 1]), (values[:, :-1], values[:, 1:])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_stays_in_range_and_can_be_off():
    white = np.full((40, 40, 3), 255, "uint8")
    assert -100 < noise(1, white, largest=100.0).min() < 0
    assert not noise(0, probability=0).any() and not noise(0, largest=0).any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"probability": -1}, r"lies in \[0, 1\]. Received: probability=-1"),
        ({"largest": -1}, r"lies in \[0, 100\] grey levels. Received: largest=-1"),
        ({"largest": 101}, r"lies in \[0, 100\] grey levels. Received: largest=101"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomNoise(**arguments)
