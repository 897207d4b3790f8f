import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmm.data.class_list import ClassList
from kmm.data.class_mask_source import ClassMaskSource

CLASSES = ClassList.from_json({"ignore": [2, 9], "classes": ["sky", {"name": "car"}, "void"]})
IDS = np.zeros((10, 16), np.uint8)
IDS[6:9, 1:5] = 1
IDS[0] = 2


def make(ids=IDS, num_examples=None, image=None, **options):
    image = np.zeros((*np.shape(ids), 3), np.uint8) if image is None else image

    def read_pair(split, index):
        return image, np.asarray(ids), f"{split}/{index}.png"

    return ClassMaskSource(read_pair, num_examples or {"train": 3, "val": 1}, CLASSES, **options)


def test_semantic():
    source = make(name="streets")
    assert (source.name, source.task, source.class_names) == ("streets", "semantic", ("sky", "car", "void"))
    assert source.splits == ("train", "val") and source.num_examples("train") == 3
    example = source.example("train", 0, num_prompts=2)
    assert example.segmentation_masks.shape == (2, 10, 16) and example.kinds == ("description",) * 2
    np.testing.assert_array_equal(example.segmentation_masks[1], np.where(IDS == 2, 255, IDS))


def test_referring():
    source = make(task="referring")
    example = source.example("val", 0, num_prompts=3)
    assert source.class_names == () and len(set(example.prompts)) == 3
    for text, mask in zip(example.prompts, example.segmentation_masks, strict=True):
        assert (mask == 1).sum() == (12 if "car" in text else 160 - 16 - 12)


def test_where():
    assert make().where("train", 2) == "train[2]"
    assert make(where=lambda split, index: f"{split}.csv:{index + 2}").where("train", 2) == "train.csv:4"


def test_templates_and_negatives_reach_the_texts():
    source = make(task="referring", templates={"class": ["find the {}"]}, negatives=0)
    example = source.example("train", 0, num_prompts=40)
    assert {"find the car", "find the sky"} <= set(example.prompts) and "absent" not in example.kinds
    assert "find the cars" in source.prompts("train", 500) and "all cars" not in source.prompts("train", 500)
    source = make(templates={"description": ["here: {}"]})
    assert all(text.startswith("here: ") for text in source.example("train", 0, num_prompts=5).prompts)
    assert "here: nothing" in source.prompts("train")
    only_sky = make(np.zeros((8, 8), np.uint8), task="referring", negatives=1.0)
    assert set(only_sky.example("train", 0, num_prompts=5).kinds) == {"absent"}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["semantic", "referring"]))
def test_ignored_ids_never_become_foreground(seed, task):
    ids = np.random.default_rng(seed).choice([0, 1, 2, 9, 255], (5, 7)).astype(np.int32)
    example = make(ids, task=task).example("train", 0, num_prompts=6)
    void = np.isin(ids, (2, 9, 255))
    assert (example.segmentation_masks[:, void] == 255).all()
    assert not [text for text in example.prompts if "void" in text]
    if task == "semantic":  # a phrase for a component may leave specks of its class out
        np.testing.assert_array_equal(example.segmentation_masks[:, ~void], [ids[~void]] * 6)


def test_pictures_that_cannot_be_read_give_no_texts():
    def read_pair(split, index):
        if index == 1:
            raise ValueError("damaged")
        return np.zeros((10, 16, 3), np.uint8), IDS, "a.png"

    source = ClassMaskSource(read_pair, {"train": 3}, CLASSES, task="referring")
    assert len(source.prompts("train", 300)) > 100
    for read in (source.check, lambda: source.example("train", 1)):
        with pytest.raises(ValueError, match="damaged"):
            read()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"task": "panoptic"}, "`task` must be one of.*task='panoptic'"),
        ({"negatives": 1.5}, r"share in \[0, 1\]. Received: negatives=1.5"),
        (
            {"num_examples": {"train": 1, "val": 0}},
            r"must hold a picture. Received: num_examples={'train': 1, 'val': 0}",
        ),
        ({"templates": {"class": ["the car"]}}, "must be a format string"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_wrong_pairs_are_named():
    with pytest.raises(ValueError, match=r"\(16, 10\) for \(4, 2\) in train/1.png"):
        make(image=np.zeros((2, 4, 3), np.uint8)).example("train", 1)
    with pytest.raises(ValueError, match=r"Received: \[7\] in train/1.png"):
        make(np.full((4, 4), 7)).example("train", 1)
    with pytest.raises(ValueError, match=r"one of \('train', 'val'\). Received: split='test' for class_masks"):
        make().example("test", 0)
