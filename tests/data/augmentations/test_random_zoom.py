import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomZoom


def coordinates(height, width):
    """A picture whose red and green say where a pixel was, and masks that say the same: row, column."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    image = np.stack([rows, columns, np.full_like(rows, 200)], axis=-1).astype("uint8")
    return {"images": tf.constant(image), "segmentation_masks": tf.constant(np.stack([rows, columns]).astype("uint8"))}


def zoom(example, smallest, largest, key=(1, 2)):
    zoomed = RandomZoom(smallest, largest)(example, tf.constant(key, "int64"))
    return zoomed["images"].numpy(), zoomed["segmentation_masks"].numpy()


@hypothesis.given(st.integers(1, 16), st.integers(1, 16), st.floats(0.3, 1), st.floats(1, 3), st.integers(0, 2**40))
@hypothesis.settings(max_examples=100, deadline=None)
def test_picture_and_masks_stay_aligned_to_the_pixel(height, width, smallest, largest, index):
    images, masks = zoom(coordinates(height, width), smallest, largest, (0, index))
    assert images.shape == (height, width, 3) and masks.shape == (2, height, width)
    assert images.dtype == masks.dtype == np.uint8
    outside = images[..., 2] == 127
    np.testing.assert_array_equal(masks[0], np.where(outside, 255, images[..., 0]))
    np.testing.assert_array_equal(masks[1], np.where(outside, 255, images[..., 1]))
    assert (images[outside] == 127).all() and (images[~outside][:, 2] == 200).all()


@hypothesis.given(st.integers(0, 2**40), st.floats(0.5, 2))
@hypothesis.settings(max_examples=50, deadline=None)
def test_masks_gain_no_value_but_255(index, share):
    labels = np.random.default_rng(index).choice(np.array([0, 3, 7, 255], "uint8"), (1, 12, 9))
    example = {"images": tf.zeros((12, 9, 3), "uint8"), "segmentation_masks": tf.constant(labels)}
    _, masks = zoom(example, share, share, (0, index))
    assert set(np.unique(masks)) <= {*np.unique(labels), 255}


def test_nearer_shows_a_window_and_farther_the_whole():
    for index in range(20):
        _, near = zoom(coordinates(16, 16), 0.5, 0.5, (0, index))
        assert (near != 255).all() and {np.ptp(near[0]), np.ptp(near[1])} <= {7, 8}
        _, far = zoom(coordinates(16, 16), 2.0, 2.0, (0, index))
        assert (far[0] != 255).sum() == 64 and (far[0] == 255).any()


def test_windows_lie_anywhere():
    starts = {tuple(zoom(coordinates(16, 16), 0.5, 0.5, (0, index))[1][:, 0, 0]) for index in range(100)}
    rows, columns = zip(*starts, strict=True)
    assert len(starts) > 30 and set(rows) == set(columns) == set(range(9))


@pytest.mark.parametrize("smallest, largest", [(1.0, 1.0), (1, 1)])
def test_share_1_changes_nothing(smallest, largest):
    example = coordinates(7, 5)
    images, masks = zoom(example, smallest, largest)
    np.testing.assert_array_equal(images, example["images"])
    np.testing.assert_array_equal(masks, example["segmentation_masks"])


@pytest.mark.parametrize("smallest, largest", [(1, 2), (0.5, 1)])
def test_whole_numbers_are_shares_too(smallest, largest):
    images, _ = zoom(coordinates(7, 5), smallest, largest)
    assert images.shape == (7, 5, 3)


def test_touches_only_picture_and_masks():
    example = {**coordinates(4, 4), "prompts": tf.constant(["the left cup"])}
    zoomed = RandomZoom()(example, tf.constant([0, 0], "int64"))
    assert zoomed.keys() == example.keys() and zoomed["prompts"] is example["prompts"]


@pytest.mark.parametrize("prompt, kept", [("the leftmost cup", True), ("two cups", True), ("the red cup", False)])
def test_keep_words_cuts_nothing_off(prompt, kept):
    example = {**coordinates(16, 12), "prompts": tf.constant(["a cup", prompt])}
    step, whole = RandomZoom(0.5, 1.5, keep_words=True), []
    for index in range(20):
        masks = step(example, tf.constant([0, index], "int64"))["segmentation_masks"].numpy()
        rows, columns = (mask[mask != 255] for mask in masks)  # farther away single ones are skipped
        whole.append(rows.min() <= 1 and rows.max() >= 14 and columns.min() <= 1 and columns.max() >= 10)
        outside = (masks[0] == 255).all(1)
        if kept:  # in the middle of the frame
            assert abs(outside[:8].sum() - outside[8:].sum()) <= 1
    assert all(whole) if kept else not all(whole)


def test_boxes_follow():
    boxes = tf.constant([[0.25, 0.25, 0.75, 0.75], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    example = {**coordinates(16, 16), "bounding_boxes": boxes}
    far = RandomZoom(2.0, 2.0, keep_words=True)(
        {**example, "prompts": tf.constant(["all"])}, tf.constant([0, 1], "int64")
    )
    expected = [[0.375, 0.375, 0.625, 0.625], [0.25, 0.25, 0.75, 0.75], [0, 0, 0, 0]]
    np.testing.assert_allclose(far["bounding_boxes"], expected, atol=1e-6)
    near = RandomZoom(0.5, 0.5)(example, tf.constant([0, 1], "int64"))["bounding_boxes"].numpy()
    np.testing.assert_allclose(near[1:], [[0, 0, 1, 1], [0, 0, 0, 0]], atol=1e-6)
    assert (near[0, :2] < 0.6).all() and near.min() >= 0 and near.max() <= 1


@pytest.mark.parametrize("smallest, largest", [(0, 1), (1.2, 0.8), (-1, 1)])
def test_refuses_an_empty_range(smallest, largest):
    message = f"positive and not above the largest. Received: smallest={smallest}, largest={largest}"
    with pytest.raises(ValueError, match=message):
        RandomZoom(smallest, largest)
