import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from kmm.preprocessing import prepare_images, resize_images, resize_masks

LENGTHS = strategies.integers(1, 12)


def random_pixels(shape, high=256):
    return np.random.default_rng(0).integers(0, high, shape, "uint8")


@pytest.mark.parametrize("shape", [(9, 7, 3), (2, 9, 7, 3)])
@pytest.mark.parametrize("size", [(4, 5), (16, 12), (9, 7)])
def test_images(shape, size):
    resized = resize_images(random_pixels(shape), size)
    assert resized.dtype == "float32" and tuple(resized.shape) == (*shape[:-3], *size, 3)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(LENGTHS, LENGTHS, LENGTHS, LENGTHS, strategies.sampled_from([0, 255]))
def test_images_keep_their_range(height, width, new_height, new_width, value):
    pixels = random_pixels((height, width, 3))
    resized = resize_images(pixels, (new_height, new_width)).numpy()
    assert pixels.min() - 1e-3 <= resized.min() and resized.max() <= pixels.max() + 1e-3
    flat = resize_images(np.full((height, width, 3), value, "uint8"), (new_height, new_width)).numpy()
    assert flat.min() >= 0.0 and flat.max() <= 255.0
    np.testing.assert_allclose(flat, value, atol=1e-3)


def test_images_shrink_with_antialiasing():
    stripes = np.zeros((16, 16, 3), "uint8")
    stripes[:, ::2] = 200
    np.testing.assert_allclose(resize_images(stripes, (4, 4))[:, 1:-1], 100.0, atol=1.0)


def test_images_of_the_right_size_are_untouched():
    pixels = random_pixels((2, 6, 5, 3))
    np.testing.assert_array_equal(resize_images(pixels, (6, 5)), pixels.astype("float32"))
    graph = tf.function(lambda x: resize_images(x, (6, 5))).get_concrete_function(tf.TensorSpec((2, 6, 5, 3), "uint8"))
    assert {operation.type for operation in graph.graph.get_operations()} <= {"Placeholder", "Cast", "Identity"}


@pytest.mark.parametrize("size", [(4, 5), (6, 5)])
def test_images_of_unknown_size(size):
    pixels = random_pixels((6, 5, 3))
    spec = tf.TensorSpec((None, None, 3), "uint8")
    dataset = tf.data.Dataset.from_generator(lambda: iter([pixels]), output_signature=spec)
    dataset = dataset.map(lambda x: resize_images(x, size))
    assert dataset.element_spec.shape.as_list() == [*size, 3]
    np.testing.assert_array_equal(next(iter(dataset)), resize_images(pixels, size))


@pytest.mark.parametrize("size", [(4, 5), (9, 7)])
def test_prepared_images_are_rounded(size):
    pixels = random_pixels((2, 9, 7, 3))
    images = prepare_images(pixels, size)
    assert images.dtype == "uint8"
    np.testing.assert_array_equal(images, np.round(resize_images(pixels, size)))


@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_masks(leading, dtype):
    masks = random_pixels((*leading, 9, 7), high=2).astype(dtype)
    resized = resize_masks(masks, (4, 12))
    assert resized.dtype == dtype and tuple(resized.shape) == (*leading, 4, 12)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(LENGTHS, LENGTHS, LENGTHS, LENGTHS)
def test_masks_equal_nearest_neighbour(height, width, new_height, new_width):
    masks = random_pixels((height, width))
    rows = [(2 * row + 1) * height // (2 * new_height) for row in range(new_height)]
    columns = [(2 * column + 1) * width // (2 * new_width) for column in range(new_width)]
    np.testing.assert_array_equal(resize_masks(masks, (new_height, new_width)), masks[np.ix_(rows, columns)])


def test_masks_of_unknown_size():
    masks = random_pixels((2, 6, 5))
    graph = tf.function(lambda x: resize_masks(x, (4, 5)), input_signature=[tf.TensorSpec((None, None, None), "uint8")])
    assert graph.get_concrete_function().output_shapes.as_list() == [None, 4, 5]
    np.testing.assert_array_equal(graph(masks), resize_masks(masks, (4, 5)))


def test_mask_stays_aligned_with_its_picture():
    masks = np.zeros((8, 8), "uint8")
    masks[2:6, 4:] = 1
    images = np.repeat(masks[..., None] * 255, 3, axis=-1)
    picture = resize_images(images, (16, 16))[..., 0].numpy() > 127.5
    np.testing.assert_array_equal(resize_masks(masks, (16, 16)).numpy().astype(bool), picture)
