import numpy as np
import pytest
import tensorflow as tf

from kmm.data import RecordSource, ShapesSource, WithNegatives, WithoutModality, build_dataset
from kmm.data.reader import read_example
from kmm.preprocessing import PromptTokenizer


@pytest.mark.parametrize("modality", ["images", "prompts"])
def test_all_else_stays(modality):
    inner = ShapesSource((32, 48))
    source = WithoutModality(inner, modality)
    example, whole = (one.example("train", 3, epoch=2, num_prompts=4) for one in (source, inner))
    assert example.kinds == whole.kinds
    np.testing.assert_array_equal(example.segmentation_masks, whole.segmentation_masks)
    if modality == "images":
        assert example.prompts == whole.prompts and (example.image == 127).all()
        assert (example.image.shape, example.image.dtype) == (whole.image.shape, np.uint8)
    else:
        assert example.prompts == ("",) * 4
        np.testing.assert_array_equal(example.image, whole.image)
    assert source.prompts("train", 9) == inner.prompts("train", 9), "the vocabulary is the same"
    assert not hasattr(source, "reader") and source.num_examples("val") == inner.num_examples("val")


class Drawn(ShapesSource):
    """Scenes that are read in the graph."""

    def reader(self, split, num_prompts, crop=None, image_size=None):
        def read(epoch, index, crop_key=None):
            example = self.example(split, int(index), int(epoch), num_prompts)
            return {
                "images": tf.constant(example.image),
                "prompts": tf.constant(example.prompts),
                "segmentation_masks": tf.constant(example.segmentation_masks),
                "kinds": tf.constant(example.kinds),
            }

        return read


@pytest.mark.parametrize("modality", ["images", "prompts"])
def test_readers_give_the_same(modality):
    source = WithoutModality(Drawn((32, 48)), modality)
    read = source.reader("train", 2)
    for index in range(3):
        example, expected = read_example(read, 1, index), source.example("train", index, 1, num_prompts=2)
        assert example.prompts == expected.prompts and example.kinds == expected.kinds
        np.testing.assert_array_equal(example.image, expected.image)
        np.testing.assert_array_equal(example.segmentation_masks, expected.segmentation_masks)


@pytest.mark.slow
def test_shapes_that_are_known_stay_known_in_a_pipeline(records):
    tokenizer = PromptTokenizer(["thing"], sequence_length=3)
    source = WithoutModality(WithoutModality(RecordSource(records), "images"), "prompts")
    dataset = build_dataset(source, "val", 3, (16, 16), tokenizer, num_prompts=2)
    inputs, masks = next(iter(dataset))
    assert (inputs["images"].numpy() == 127).all() and not inputs["padding_mask"].numpy().any()
    assert inputs["images"].shape == (3, 16, 16, 3) and masks.numpy().any()


def test_around_other_wrappers():
    class Negatives(ShapesSource):
        def all_prompts(self, split, index):
            return [(f"the {('cat', 'dog', 'car', 'tree')[index]}", "any")]

    inner = WithNegatives(Negatives((32, 32), num_train=4), ratio=0.5)
    source = WithoutModality(WithoutModality(inner, "prompts"), "images")
    example = source.example("train", 1, num_prompts=6)
    assert example.kinds == inner.example("train", 1, num_prompts=6).kinds and "absent" in example.kinds
    assert set(example.prompts) == {""} and (example.image == 127).all()


def test_errors():
    with pytest.raises(ValueError, match=r"one of \('images', 'prompts'\). Received: modality='text'"):
        WithoutModality(ShapesSource((32, 32)), "text")
