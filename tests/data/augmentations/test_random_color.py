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


def spread(values):
    """How far apart values are, whatever their level."""
    return np.ptp(values) / np.mean(values)


def drawn(prompts, **arguments):
    """Colours of a patch after many draws, without those that were cut at white."""
    example = {"images": tf.fill((2, 2, 3), tf.constant(0, "uint8")) + tf.constant([120, 90, 60], "uint8")}
    example["prompts"] = tf.constant(prompts)
    step = RandomColor(0.4, **arguments)
    changed = [step(example, tf.constant([0, index], "int64"))["images"].numpy()[0, 0] for index in range(60)]
    return np.array([colour for colour in changed if colour.max() < 255], "float64")


def hues(colours):
    return np.degrees(np.arctan2(3**0.5 * (colours[:, 1] - colours[:, 2]), 2 * colours[:, 0] - colours[:, 1:].sum(1)))


@pytest.mark.parametrize("prompts", [["a cup", "the Reddish cup"], ["DARK hair"]])
def test_named_colours_are_spared(prompts):
    free, spared = drawn(["a cup", "a jug"], hue=30.0), drawn(prompts, hue=30.0)
    assert np.ptp(hues(free)) > 40 and np.ptp(hues(spared)) < 5
    assert spread(free.mean(1)) > 0.5 and 0.1 < spread(spared.mean(1)) < 0.3, "brightness a third as much"


def test_hue_turns_by_up_to_its_degrees_and_keeps_grey():
    turned = hues(drawn(["a cup"], hue=60.0)) - 30
    assert -62 < turned.min() < -40 and 40 < turned.max() < 62
    assert np.ptp(hues(drawn(["a cup"]))) < 5, "no hue is turned by default"
    grey = RandomColor(0, hue=180.0)(
        {"images": tf.fill((2, 2, 3), tf.constant(99, "uint8"))}, tf.constant([1, 2], "int64")
    )
    assert np.abs(grey["images"].numpy().astype(int) - 99).max() <= 1


@hypothesis.given(PICTURES, st.floats(0, 1), st.integers(0, 99))
@hypothesis.settings(max_examples=50, deadline=None)
def test_equals_the_plain_formula(image, strength, index):
    brightness, contrast, saturation, _ = tf.random.stateless_uniform((4,), (3, index), -strength, strength).numpy()
    grey = image.mean(-1, keepdims=True)
    colours = grey + (image - grey) * (1 + saturation)
    expected = (grey.mean() + (colours - grey.mean()) * (1 + contrast)) * (1 + brightness)
    np.testing.assert_allclose(change(image, strength, (3, index)), np.clip(expected, 0, 255) // 1, atol=1)


def test_touches_only_the_picture():
    example = {"images": tf.zeros((2, 2, 3), "uint8"), "prompts": tf.constant(["red"]), "segmentation_masks": object()}
    changed = RandomColor()(example, tf.constant([0, 0], "int64"))
    assert changed.keys() == example.keys() and changed["images"] is not example["images"]
    assert all(changed[key] is example[key] for key in ("prompts", "segmentation_masks"))


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_refuses_other_strengths(strength):
    with pytest.raises(ValueError, match=rf"lies in \[0, 1\]. Received: strength={strength}"):
        RandomColor(strength)


@pytest.mark.parametrize("hue", [-1, 181])
def test_refuses_other_hues(hue):
    with pytest.raises(ValueError, match=rf"lies in \[0, 180\] degrees. Received: hue={hue}"):
        RandomColor(hue=hue)
