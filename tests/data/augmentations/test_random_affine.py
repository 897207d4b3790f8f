import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomAffine


def key(index):
    return tf.constant([4, index], "int64")


def rotated(example, index=0, **arguments):
    return {name: value.numpy() for name, value in RandomAffine(**arguments)(example, key(index)).items()}


@pytest.mark.parametrize("smallest, largest, skipped", [(1.5, 2.0, 0.0), (0.7, 1.4, 0.02)])
def test_picture_and_masks_stay_aligned_to_the_pixel(make_example, smallest, largest, skipped):
    """Where a mask is the same all around a pixel, the picture says what the mask says.

    Unless enlarged, the nearest pixels skip corners that interpolation still sees.
    """
    differs = []
    for index in range(40):
        example = make_example(("cup", "jug"), 24, 31, seed=index, blocks=True)
        moved = rotated(example, index, degrees=40.0, smallest=smallest, largest=largest)
        masks = moved["segmentation_masks"]
        assert moved["images"].shape == (24, 31, 3) and masks.shape == (2, 24, 31)
        for channel, mask in enumerate(masks):
            around = np.stack([mask[1 + y : 23 + y, 1 + x : 30 + x] for y in (-1, 0, 1) for x in (-1, 0, 1)])
            inner = (around == around[:1]).all(0)
            expected = np.where(mask == 255, 127, mask * 50)[1:-1, 1:-1]
            differs += list((moved["images"][1:-1, 1:-1, channel] != expected)[inner & (expected > 0)])
    assert len(differs) > 2000 and np.mean(differs) <= skipped


def test_masks_gain_no_value_but_255():
    for index in range(20):
        labels = np.random.default_rng(index).choice(np.array([0, 3, 7], "uint8"), (1, 12, 9))
        example = {"images": tf.zeros((12, 9, 3), "uint8"), "segmentation_masks": tf.constant(labels)}
        masks = rotated(example, index, degrees=30.0)["segmentation_masks"]
        assert set(np.unique(masks)) <= {0, 3, 7, 255} and masks.dtype == np.uint8


def test_rotates_about_the_middle_by_its_degrees():
    """A bar through the middle is found at the angle drawn."""
    mask = np.zeros((1, 41, 41), "uint8")
    mask[0, 20] = 1
    example = {"images": tf.zeros((41, 41, 3), "uint8"), "segmentation_masks": tf.constant(mask)}
    angles = []
    for index in range(60):
        moved = rotated(example, index, degrees=30.0, smallest=1.0, largest=1.0)["segmentation_masks"][0]
        assert moved[20, 20] == 1
        rows, columns = np.nonzero(moved == 1)
        angles.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert -31 < min(angles) < -24 and 24 < max(angles) < 31 and abs(np.mean(angles)) < 6


def test_scales_about_the_middle():
    mask = np.zeros((1, 40, 40), "uint8")
    mask[0, 15:25, 15:25] = 1
    example = {"images": tf.zeros((40, 40, 3), "uint8"), "segmentation_masks": tf.constant(mask)}
    for scale, side in ((2.0, 20), (0.5, 5), (1.0, 10)):
        moved = rotated(example, degrees=0.0, smallest=scale, largest=scale)["segmentation_masks"][0]
        assert (moved == 1).sum() == pytest.approx(side**2, rel=0.25)
        assert (moved == 255).any() == (scale < 1)
        rows, columns = np.nonzero(moved == 1)
        assert abs(rows.mean() - 19.5) <= 0.5 and abs(columns.mean() - 19.5) <= 0.5
    np.testing.assert_array_equal(moved, mask[0])


def test_boxes_surround_the_masks(make_example, boxes_from):
    for index in range(40):
        example = make_example(("cup", "jug", "fork"), 20, 28, seed=index)
        moved = rotated(example, index, degrees=40.0, smallest=0.7, largest=1.4)
        found, tight = moved["bounding_boxes"], boxes_from(moved["segmentation_masks"])
        there = tight.any(-1)
        slack = 1 / 20  # a pixel of the mask lies where its middle does
        assert (found[there, :2] <= tight[there, :2] + slack).all() and (
            found[there, 2:] >= tight[there, 2:] - slack
        ).all()
        assert found.min() >= 0 and found.max() <= 1


def test_boxes_are_exact_without_rotation():
    boxes = tf.constant([[0.25, 0.25, 0.5, 0.75], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.1, 0.1]])
    example = {"images": tf.zeros((8, 8, 3), "uint8"), "bounding_boxes": boxes}
    moved = rotated(example, degrees=0.0, smallest=2.0, largest=2.0)["bounding_boxes"]
    np.testing.assert_allclose(moved, [[0, 0, 0.5, 1], [0, 0, 0, 0], [0, 0, 0, 0]], atol=1e-6)


def test_words_of_the_whole_picture_and_probability_switch_it_off(make_example):
    example = make_example(("a cup", "the leftmost cup"))
    same = [np.array_equal(rotated(example, index)["images"], example["images"]) for index in range(10)]
    assert all(same)
    assert not np.array_equal(rotated(example, keep_words=False)["images"], example["images"])
    example = make_example()
    off = [np.array_equal(rotated(example, i, probability=0.5)["images"], example["images"]) for i in range(60)]
    assert 0.3 < np.mean(off) < 0.7


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"degrees": -1}, r"lies in \[0, 180\] degrees. Received: degrees=-1"),
        ({"degrees": 181}, r"lies in \[0, 180\] degrees. Received: degrees=181"),
        ({"smallest": 0}, "positive and not above the largest. Received: smallest=0, largest=1.1"),
        ({"smallest": 2}, "positive and not above the largest. Received: smallest=2, largest=1.1"),
        ({"probability": 2}, r"lies in \[0, 1\]. Received: probability=2"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomAffine(**arguments)
