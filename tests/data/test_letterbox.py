import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data import Example, build_dataset
from kmm.data.letterbox import Letterbox


def coordinates(height, width):
    """A picture whose red and green say where a pixel was, blue 200; a mask that says the row."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    image = np.stack([rows, columns, np.full_like(rows, 200)], axis=-1).astype("uint8")
    return {"images": tf.constant(image), "segmentation_masks": tf.constant(rows[None].astype("uint8"))}


@pytest.mark.parametrize(
    "shape, aspect, framed, start",
    [
        ((6, 10), 1.0, (10, 10), (2, 0)),
        ((10, 6), 1.0, (10, 10), (0, 2)),
        ((7, 10), 1.0, (10, 10), (1, 0)),  # an odd rest goes below
        ((6, 6), 2.0, (6, 12), (0, 3)),
        ((12, 6), 0.25, (24, 6), (6, 0)),
        ((6, 8), 4 / 3, (6, 8), (0, 0)),
        ((1, 1), 1.0, (1, 1), (0, 0)),
    ],
)
def test_the_picture_lies_in_the_middle_of_the_smallest_frame(shape, aspect, framed, start):
    example = coordinates(*shape)
    result = Letterbox(aspect)(example)
    images, masks = result["images"].numpy(), result["segmentation_masks"].numpy()
    expected = np.full((*framed, 3), 127, "uint8")
    inside = tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))
    expected[inside] = example["images"]
    np.testing.assert_array_equal(images, expected)
    expected = np.full((1, *framed), 255, "uint8")
    expected[0][inside] = example["segmentation_masks"][0]
    np.testing.assert_array_equal(masks, expected)
    assert images.dtype == masks.dtype == np.uint8


@hypothesis.given(st.integers(1, 16), st.integers(1, 16), st.floats(0.2, 5))
@hypothesis.settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_picture_and_mask_stay_aligned(height, width, aspect):
    example = coordinates(height, width)
    images, masks = (Letterbox(aspect)(example)[name].numpy() for name in ("images", "segmentation_masks"))
    inside = images[..., 2] == 200
    np.testing.assert_array_equal(images[inside].reshape(height, width, 3), example["images"])
    np.testing.assert_array_equal(masks[0], np.where(inside, images[..., 0], 255))
    framed_height, framed_width = images.shape[:2]
    assert (framed_height, framed_width) in {
        (height, max(width, round(height * aspect))),
        (max(height, round(width / aspect)), width),
    }
    assert abs(framed_width - framed_height * aspect) <= 0.5 * max(1, aspect) + 1e-6


def test_boxes_move_with_the_picture_and_no_box_stays_none():
    boxes = tf.constant([[0.0, 0.0, 1.0, 1.0], [0.5, 0.25, 1.0, 0.5], [0.0, 0.0, 0.0, 0.0]])
    result = Letterbox(1.0)({**coordinates(4, 8), "bounding_boxes": boxes})["bounding_boxes"].numpy()
    np.testing.assert_allclose(result, [[0.25, 0, 0.75, 1], [0.5, 0.25, 0.75, 0.5], [0, 0, 0, 0]], atol=1e-6)
    result = Letterbox(1.0)({**coordinates(8, 4), "bounding_boxes": boxes})["bounding_boxes"].numpy()
    np.testing.assert_allclose(result, [[0, 0.25, 1, 0.75], [0.5, 0.375, 1, 0.5], [0, 0, 0, 0]], atol=1e-6)


def test_boxes_enclose_the_same_pixels_before_and_after():
    mask = np.zeros((1, 5, 12), "uint8")
    mask[0, 1:3, 4:7] = 1
    boxes = tf.constant([[1 / 5, 4 / 12, 3 / 5, 7 / 12]])
    example = {"images": tf.zeros((5, 12, 3), "uint8"), "segmentation_masks": mask, "bounding_boxes": boxes}
    result = Letterbox(1.5)(example)
    masks, (top, left, bottom, right) = result["segmentation_masks"].numpy(), result["bounding_boxes"].numpy()[0]
    rows, columns = (np.flatnonzero((masks[0] == 1).any(axis=axis)) for axis in (1, 0))
    height, width = masks.shape[1:]
    np.testing.assert_allclose([top * height, bottom * height], [rows[0], rows[-1] + 1], atol=1e-4)
    np.testing.assert_allclose([left * width, right * width], [columns[0], columns[-1] + 1], atol=1e-4)


def test_touches_only_picture_masks_and_boxes_and_ignores_the_key():
    example = {**coordinates(4, 6), "prompts": tf.constant(["the left cup"])}
    framed, other = (Letterbox()(example, tf.constant([0, key], "int64")) for key in (0, 1))
    assert framed.keys() == example.keys() and framed["prompts"] is example["prompts"]
    np.testing.assert_array_equal(framed["images"], other["images"])


def test_the_same_inside_a_graph_where_sizes_are_unknown():
    parts = coordinates(5, 9)
    shapes = {"images": (None, None, 3), "segmentation_masks": (None, None, None)}

    @tf.function(input_signature=[{name: tf.TensorSpec(shape, "uint8") for name, shape in shapes.items()}])
    def frame(example):
        return Letterbox(0.7)(example, tf.constant([0, 0], "int64"))

    for name, value in frame(parts).items():
        np.testing.assert_array_equal(value, Letterbox(0.7)(parts)[name])


class Wide:
    """One white picture twice as wide as high, all of it target."""

    name, task, class_names, splits = "wide", "referring", (), ("val",)

    def num_examples(self, split):
        return 1

    def example(self, split, index, epoch=0, num_prompts=1):
        masks = np.ones((num_prompts, 8, 16), np.uint8)
        return Example(np.full((8, 16, 3), 255, np.uint8), ("all",) * num_prompts, masks, ("x",) * num_prompts)


def test_as_a_preparation_of_a_dataset():
    dataset = build_dataset(Wide(), "val", 1, (16, 16), preparations=(Letterbox(1.0),))
    inputs, masks = next(dataset.as_numpy_iterator())
    rows = np.repeat([255, 1, 255], [4, 8, 4])
    np.testing.assert_array_equal(masks[0], np.repeat(rows[:, None], 16, axis=1))
    np.testing.assert_array_equal(inputs["images"][0, :, 0, 0], np.where(rows == 1, 255, 127))


@pytest.mark.parametrize("aspect", [0, -1.5, float("inf"), float("nan")])
def test_refuses_what_is_no_aspect_ratio(aspect):
    with pytest.raises(ValueError, match=f"width divided by height.*Received: aspect={aspect}"):
        Letterbox(aspect)
