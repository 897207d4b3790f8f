import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomCrop

BOX = [[0.4, 0.4, 0.6, 0.6]]


def window(step, index, boxes=None, prompts=("cup",), size=(40, 60)):
    example = {"prompts": tf.constant(prompts)} | ({} if boxes is None else {"bounding_boxes": tf.constant(boxes)})
    return step.window(example, tf.constant([2, index], "int64"), *size).numpy()


def kept(found, box, size=(40, 60)):
    """The share of a box that lies in a window."""
    box, (top, left, height, width) = np.array(box) * np.tile(size, 2), found
    inside = np.minimum(box[2:], [top + height, left + width]) - np.maximum(box[:2], [top, left])
    return np.prod(np.maximum(inside, 0)) / np.prod(box[2:] - box[:2])


@hypothesis.given(
    st.integers(1, 50), st.integers(1, 50), st.floats(0.01, 1), st.floats(0, 1), st.floats(1, 4), st.integers(0, 2**40)
)
@hypothesis.settings(max_examples=150, deadline=None)
def test_windows_have_the_area_and_ratio_wanted(height, width, smallest, more, most_stretch, index):
    step = RandomCrop(smallest, smallest + more * (1 - smallest), most_stretch)
    top, left, rows, columns = window(step, index, size=(height, width))
    assert 0 <= top <= top + rows <= height and 0 <= left <= left + columns <= width and rows >= 1 and columns >= 1
    # sides are rounded to whole pixels, one at least; a side that would not fit is cut
    least_rows, least_columns = (0 if side == 1 else side - 0.51 for side in (rows, columns))
    assert least_rows * least_columns <= step.largest * height * width
    assert (rows + 0.51) * (columns + 0.51) >= smallest * height * width or rows == height or columns == width
    assert least_columns / width <= most_stretch * (rows + 0.51) / height
    assert least_rows / height <= most_stretch * (columns + 0.51) / width


def test_windows_lie_anywhere_and_differ():
    found = np.array([window(RandomCrop(0.3, 0.6), index) for index in range(200)])
    assert len(np.unique(found, axis=0)) > 150
    top, left, rows, columns = found.T
    assert (top == 0).any() and (left == 0).any() and (top + rows == 40).any() and (left + columns == 60).any()
    assert np.ptp(rows * columns / 2400) > 0.25


@pytest.mark.parametrize("min_kept", [0.3, 0.8, 1.0])
def test_keeps_the_target(min_kept):
    shares = [kept(window(RandomCrop(0.3, 0.5, min_kept=min_kept), index, BOX), BOX[0]) for index in range(150)]
    assert min(shares) >= min_kept - 1e-3
    assert min_kept == 1 or min(shares) < 1, "a target may be cut"
    sizes = [window(RandomCrop(0.3, 0.5, min_kept=min_kept), index, BOX)[2] for index in range(50)]
    assert np.mean(np.array(sizes) == 40) < 0.2, "most pictures find a window"


def test_keeps_every_target_or_the_whole_picture():
    boxes = [[0.0, 0.0, 0.1, 0.1], [0.9, 0.9, 1.0, 1.0]]
    for index in range(30):
        np.testing.assert_array_equal(window(RandomCrop(0.3, 0.5), index, boxes), [0, 0, 40, 60])
    for index in range(30):  # a phrase without a target asks for nothing
        found = window(RandomCrop(0.3, 0.5), index, [boxes[0], [0.0, 0.0, 0.0, 0.0]])
        assert kept(found, boxes[0]) > 0.79


@pytest.mark.slow
def test_negatives_are_left_out_whole():
    corner = [[0.0, 0.0, 0.4, 0.3]]
    shares = [
        np.array([kept(window(RandomCrop(0.2, 0.4, negatives=rate), i, corner), corner[0]) for i in range(150)])
        for rate in (0.0, 0.3, 1.0)
    ]
    assert all(((found >= 0.799) | (found == 0)).all() for found in shares)
    none, some, many = (np.mean(found == 0) for found in shares)
    assert none == 0 and 0.05 < some < many < 1


@pytest.mark.parametrize("prompt", ["the leftmost cup", "the LARGEST cup", "both cups", "the second cup", "cup on top"])
def test_words_of_the_whole_picture_keep_it_whole(prompt):
    for index in range(10):
        found = window(RandomCrop(0.3, 0.5), index, prompts=("a cup", prompt))
        np.testing.assert_array_equal(found, [0, 0, 40, 60])
    free = RandomCrop(0.3, 0.5, keep_words=False)
    assert any(window(free, index, prompts=("a cup", prompt))[2] < 40 for index in range(10))


def test_masks_stand_in_for_boxes():
    masks = np.zeros((1, 40, 60), "uint8")
    masks[0, 16:24, 24:36] = 1
    masks[0, :3, :3] = 255
    example = {"images": tf.zeros((40, 60, 3), "uint8"), "segmentation_masks": tf.constant(masks)}
    for index in range(30):
        found = RandomCrop(0.3, 0.5).window(example, tf.constant([2, index], "int64"), 40, 60).numpy()
        np.testing.assert_array_equal(found, window(RandomCrop(0.3, 0.5), index, BOX))


def test_calling_is_window_and_slices(make_example, boxes_from):
    step = RandomCrop(0.2, 0.5, min_kept=0.5)
    for index in range(30):
        example, key = make_example(("cup", "jug"), 12, 15, seed=index), tf.constant([2, index], "int64")
        top, left, rows, columns = found = step.window(example, key, 12, 15).numpy()
        cropped = step(example, key)
        np.testing.assert_array_equal(cropped["images"], example["images"][top : top + rows, left : left + columns])
        masks = example["segmentation_masks"][:, top : top + rows, left : left + columns]
        np.testing.assert_array_equal(cropped["segmentation_masks"], masks)
        np.testing.assert_allclose(cropped["bounding_boxes"], boxes_from(masks.numpy()), atol=1e-6)
        labels = step.crop_labels(example, found, 12, 15)
        assert labels["images"] is example["images"]
        assert all(np.array_equal(labels[name], cropped[name]) for name in example if name != "images")
        assert tuple(step.crop_labels({"prompts": 1}, found, 12, 15)) == ("prompts",)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"smallest": 0}, r"lie in \(0, 1\], .* Received: smallest=0, largest=1.0"),
        ({"largest": 1.1}, r"lie in \(0, 1\], .* Received: smallest=0.3, largest=1.1"),
        ({"smallest": 0.5, "largest": 0.4}, "not above the largest. Received: smallest=0.5, largest=0.4"),
        ({"most_stretch": 0.9}, "factor of at least 1. Received: most_stretch=0.9"),
        ({"min_kept": 1.1}, r"lie in \[0, 1\]. Received: min_kept=1.1, negatives=0.0"),
        ({"negatives": -1}, r"lie in \[0, 1\]. Received: min_kept=0.8, negatives=-1"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomCrop(**arguments)
