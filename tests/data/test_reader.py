import numpy as np
import tensorflow as tf

from kmm.data import RandomCrop, ShapesSource
from kmm.data.reader import read_example, reader_of

SOURCE = ShapesSource((32, 48), num_train=5, num_val=2)


def int64(*values):
    return tf.constant(values[0] if len(values) == 1 else values, tf.int64)


def test_a_python_source_is_read_in_the_graph():
    read = tf.function(reader_of(SOURCE, "train", 3))
    parts = read(int64(2), int64(4))
    expected = SOURCE.example("train", 4, epoch=2, num_prompts=3)
    np.testing.assert_array_equal(parts["images"], expected.image)
    np.testing.assert_array_equal(parts["segmentation_masks"], expected.segmentation_masks)
    assert [text.decode() for text in parts["prompts"].numpy()] == list(expected.prompts)
    assert [text.decode() for text in parts["kinds"].numpy()] == list(expected.kinds)
    assert read.get_concrete_function(tf.TensorSpec((), tf.int64), tf.TensorSpec((), tf.int64)).structured_outputs[
        "images"
    ].shape.as_list() == [None, None, 3]


def test_a_reader_of_its_own_is_used():
    class Own:
        def reader(self, *arguments):
            return arguments

    assert reader_of(Own(), "val", 2, "crop", (8, 8)) == ("val", 2, "crop", (8, 8))


def test_read_example_is_what_the_source_gives():
    one, other = read_example(reader_of(SOURCE, "val", 2), 0, 1), SOURCE.example("val", 1, num_prompts=2)
    assert one.prompts == other.prompts and one.kinds == other.kinds
    np.testing.assert_array_equal(one.image, other.image)


def test_crop_of_a_python_source_comes_at_the_wanted_size():
    crop = RandomCrop(0.4, 0.6, most_stretch=1.0, keep_words=False, min_kept=0.0)
    parts = reader_of(SOURCE, "train", 2, crop, (16, 24))(int64(0), int64(1), int64(5, 6))
    assert tuple(parts["images"].shape) == (16, 24, 3)
    assert tuple(parts["segmentation_masks"].shape) == (2, 16, 24)
    whole = reader_of(SOURCE, "train", 2)(int64(0), int64(1))
    top, left, height, width = crop.window(whole, int64(5, 6), 32, 48).numpy()
    rows, columns = (2 * np.arange(16) + 1) * height // 32, (2 * np.arange(24) + 1) * width // 48
    expected = whole["segmentation_masks"].numpy()[:, top + rows][:, :, left + columns]
    np.testing.assert_array_equal(parts["segmentation_masks"], expected)
