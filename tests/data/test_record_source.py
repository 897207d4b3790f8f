import pathlib

import numpy as np
import pytest
import tensorflow as tf

from kmm.data import RandomCrop, RecordSource
from tests.data.conftest import SHAPE, example_parts, record_of

TOP = (0, 0, *SHAPE)


def expected_mask(index, prompt):
    _, masks = example_parts(index)
    return {"a dog": np.zeros(SHAPE, np.uint8), "corner": masks[1]}.get(prompt, masks[0])


@pytest.mark.parametrize("index", range(7))
def test_examples_are_what_was_written(records, index):
    source = RecordSource(records)
    example = source.example("train", index, num_prompts=3)
    image, _ = example_parts(index)
    assert np.abs(example.image.astype(int) - image).max() <= (0 if index % 2 else 12)
    assert set(example.prompts) == {f"thing {index}", "corner", "a dog"}
    kinds = {f"thing {index}": "attribute", "corner": "position", "a dog": "absent"}
    for prompt, kind, mask in zip(example.prompts, example.kinds, example.segmentation_masks, strict=True):
        assert kind == kinds[prompt]
        np.testing.assert_array_equal(mask, expected_mask(index, prompt))


def test_what_a_source_offers(records):
    source = RecordSource(records)
    assert (source.name, source.task, source.splits) == ("tiny", "referring", ("train", "val"))
    assert (source.num_examples("train"), source.num_examples("val")) == (7, 3)
    assert source.record("val", 1) == record_of(8)
    assert source.all_prompts("train", 2)[0] == ("thing 2", "attribute")
    assert source.prompts("train", limit=4) == ["thing 0", "corner", "a dog", "thing 2"]  # evenly over the split
    assert source.where("train", 5).endswith("tiny-train-00002.tfrecord, record 1")
    source.check()


def test_texts_depend_on_seed_epoch_and_index_alone(records):
    def texts(seed, split="train", num_prompts=1):
        source = RecordSource(records, seed)
        return [source.example(split, i % 3, epoch, num_prompts).prompts for epoch in range(4) for i in range(3)]

    assert texts(0) == texts(0)
    assert texts(0) != texts(1)
    assert len(set(texts(0))) > 3  # not the same text in each epoch
    assert all(len(set(prompts)) == 3 for prompts in texts(0, num_prompts=5))  # every one before one comes again


def test_phrase(records):
    source = RecordSource(records)
    for number, prompt in enumerate(("thing 4", "corner", "a dog")):
        example = source.phrase("train", 4, number)
        assert example.prompts == (prompt,)
        np.testing.assert_array_equal(example.segmentation_masks[0], expected_mask(4, prompt))
    example = source.phrase_reader("train")(tf.constant(4, tf.int64), tf.constant(1, tf.int64))
    assert example["prompts"].numpy().tolist() == [b"corner"]


class Window:
    """In place of a crop: a given window, and what it was asked."""

    def __init__(self, *window):
        self.box, self.asked = window, []

    def window(self, example, key, height, width):
        self.asked.append((example, int(height), int(width)))
        return tf.constant(self.box)


@pytest.mark.parametrize("window", [(0, 0, 24, 36), (4, 6, 12, 24), (3, 1, 20, 30), (20, 30, 4, 6)])
@pytest.mark.parametrize("index", [2, 3])
def test_crop_reads_the_window_at_the_wanted_size(records, window, index):
    source, size = RecordSource(records), (12, 24)
    top, left, height, width = window
    crop = Window(*window)
    read = source.reader("train", 3, crop, size)
    example = read(tf.constant(0, tf.int64), tf.constant(index, tf.int64), tf.constant([1, 2], tf.int64))
    rows = top + (2 * np.arange(size[0]) + 1) * height // (2 * size[0])
    columns = left + (2 * np.arange(size[1]) + 1) * width // (2 * size[1])
    for prompt, mask in zip(example["prompts"].numpy(), example["segmentation_masks"].numpy(), strict=True):
        np.testing.assert_array_equal(mask, expected_mask(index, prompt.decode())[np.ix_(rows, columns)])
    image = example_parts(index)[0][top : top + height, left : left + width]
    expected = tf.image.resize(image, size).numpy()
    difference = np.abs(example["images"].numpy() - expected)
    assert difference.mean() <= (1 if index % 2 else 6) and difference.max() <= (1 if index % 2 else 40)
    ((words, *shape),) = crop.asked
    assert tuple(shape) == SHAPE
    boxes = dict(zip(words["prompts"].numpy(), words["bounding_boxes"].numpy().tolist(), strict=True))
    assert boxes[b"a dog"] == [0, 0, 0, 0]
    np.testing.assert_allclose(boxes[b"corner"], [15 / 24, 30 / 36, 1, 1], rtol=1e-6)


def test_real_crop_keeps_targets(records):
    source = RecordSource(records)
    read = source.reader("train", 1, RandomCrop(0.3, 0.6), (24, 36))
    for index in range(7):
        key = tf.constant([index, 3], tf.int64)
        example = read(tf.constant(index, tf.int64), tf.constant(index, tf.int64), key)
        if example["prompts"][0] != b"a dog":
            assert (example["segmentation_masks"].numpy() == 1).any()


def test_unknown_split(records):
    with pytest.raises(ValueError, match="split='test'"):
        RecordSource(records).num_examples("test")


def test_paths_as_text(records):
    assert RecordSource(str(records)).directory == pathlib.Path(records)
