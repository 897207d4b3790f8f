import numpy as np
import pytest
import tensorflow as tf

from kmm.data import ShapesSource, build_dataset
from kmm.data.skip_bad import skip_bad


class Damaged(ShapesSource):
    """Shapes of which some cannot be read."""

    bad = (("train", 1), ("train", 3), ("val", 0))

    def __init__(self):
        super().__init__((32, 32), num_train=6, num_val=4, num_test=2)

    def example(self, split, index, epoch=0, num_prompts=1):
        if (split, index) in self.bad:
            raise ValueError(f"{split}[{index}]: {split} {index} is cut")
        return super().example(split, index, epoch, num_prompts)


def test_good_examples_are_left_as_they_are():
    source = skip_bad(Damaged(), max_bad=0.25)
    assert source.skipped == [(f"{split}[{index}]", f"{split} {index} is cut") for split, index in Damaged.bad]
    assert (source.name, source.task, source.class_names) == ("shapes", "referring", ())
    assert {split: source.num_examples(split) for split in source.splits} == {"train": 4, "val": 3, "test": 2}
    plain = ShapesSource((32, 32), num_train=6, num_val=4, num_test=2)
    for index, original in enumerate([0, 2, 4, 5]):
        example, expected = source.example("train", index, 3, 2), plain.example("train", original, 3, 2)
        assert example.prompts == expected.prompts
        np.testing.assert_array_equal(example.image, expected.image)
        np.testing.assert_array_equal(example.segmentation_masks, expected.segmentation_masks)
    assert source.prompts("test", 5) == plain.prompts("test", 5)
    assert not [name for name in ("where", "reader", "group", "all_prompts") if hasattr(source, name)]
    source.check()
    with pytest.raises(ValueError, match=r"one of \('train', 'val', 'test'\). Received: split='extra'"):
        source.num_examples("extra")


def test_too_many_bad_examples():
    with pytest.raises(
        ValueError, match=r"(?s)At most 1.00% .* Received: 3 of 12 in shapes.*\n  val\[0\]: val 0 is cut$"
    ):
        skip_bad(Damaged())
    source = Damaged()
    source.bad = [("train", index) for index in range(6)]
    with pytest.raises(ValueError, match=r"6 of 12, all of \['train'\] in shapes.*(?s:.*)\n  and 1 more$"):
        skip_bad(source, max_bad=1)
    with pytest.raises(ValueError, match=r"share in \[0, 1\]. Received: max_bad=2"):
        skip_bad(source, max_bad=2)


def test_what_a_source_offers_keeps_its_numbers():
    source, calls = Damaged(), []
    source.where = lambda split, index: f"{split}.csv:{index}"
    source.group = lambda split, index: f"group {index}"
    source.all_prompts = lambda split, index: [(f"text {index}", "kind"), ("another", "kind")]
    source.reader = lambda split, num_prompts, crop=None, image_size=None: (
        lambda epoch, index, crop_key=None: (split, num_prompts, epoch, index, crop_key)
    )
    good = skip_bad(source, max_bad=0.3, progress=lambda *numbers: calls.append(numbers))
    assert calls == [(number, 12) for number in range(1, 13)]
    assert good.skipped[0][0] == "train.csv:1" and good.where("train", 1) == "train.csv:2"
    assert good.group("val", 0) == "group 1" and good.all_prompts("train", 3)[0] == ("text 5", "kind")
    split, num_prompts, epoch, index, key = good.reader("train", 2)(tf.constant(7), tf.constant(2, tf.int64), "key")
    assert (split, num_prompts, int(epoch), int(index), key) == ("train", 2, 7, 4, "key")


def test_training_on_what_is_good():
    source = skip_bad(Damaged(), max_bad=0.25)
    batches = list(build_dataset(source, "train", batch_size=2, image_size=(32, 32)).as_numpy_iterator())
    plain = ShapesSource((32, 32), num_train=6)
    for images, index in zip(np.concatenate([inputs["images"] for inputs, _ in batches]), [0, 2, 4, 5], strict=True):
        np.testing.assert_array_equal(images, plain.example("train", index).image)
