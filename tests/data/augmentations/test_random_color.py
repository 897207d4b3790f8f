import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomColor

PICTURES = hypothesis.extra.numpy.arrays("uint8", st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3)))


def change(image, strength, key=(1, 2)):
    return RandomColor(strength)({"images": tf.constant(image)}, tf.constant(key, "int64"))["images"].numpy()


@hypothesis.given(PICTURES, st.floats(0, 1), st.integers(0, 2**40))
@hypothesis.settings(max_examples=50, deadline=None)
def test_keeps_dtype_shape_and_range(image, strength, index):
    changed = change(image, strength, (3, index))
    assert changed.dtype == np.uint8 and changed.shape == image.shape
    np.testing.assert_array_equal(changed, change(image, strength, (3, index)))


@hypothesis.given(PICTURES)
@hypothesis.settings(max_examples=50, deadline=None)
def test_strength_0_changes_nothing(image):
    np.testing.assert_array_equal(change(image, 0), image)


def test_keeps_hues_and_changes_light():
    """A reddish patch stays reddish, however bright it gets."""
    image = np.full((4, 4, 3), (120, 90, 80), "uint8")
    changed = [change(image, 0.5, (0, index)).mean((0, 1)) for index in range(20)]
    assert all(red > green > blue for red, green, blue in changed)
    assert np.ptp([patch.mean() for patch in changed]) > 30
    assert np.ptp([(patch[0] - patch[2]) / patch.mean() for patch in changed]) > 0.1, "saturation"


def test_touches_only_the_picture():
    example = {"images": tf.zeros((2, 2, 3), "uint8"), "prompts": tf.constant(["red"]), "segmentation_masks": object()}
    changed = RandomColor()(example, tf.constant([0, 0], "int64"))
    assert changed.keys() == example.keys() and changed["images"] is not example["images"]
    assert all(changed[key] is example[key] for key in ("prompts", "segmentation_masks"))


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_refuses_other_strengths(strength):
    with pytest.raises(ValueError, match=rf"lies in \[0, 1\]. Received: strength={strength}"):
        RandomColor(strength)
