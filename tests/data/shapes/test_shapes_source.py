import collections

import numpy as np
import pytest

from kmm.data.shapes import HELD_OUT, ShapesSource

SIZES = ((32, 32), (48, 80), (97, 64))


def same(one, other):
    return (
        np.array_equal(one.image, other.image)
        and np.array_equal(one.segmentation_masks, other.segmentation_masks)
        and (one.prompts, one.kinds) == (other.prompts, other.kinds)
    )


def named_pairs(meaning):
    return {(named.get("colour"), named.get("shape")) for named in meaning.nouns}


@pytest.mark.parametrize("size", SIZES)
def test_what_an_example_is(size):
    example = ShapesSource(size).example("train", 5, num_prompts=3)
    assert example.image.shape == (*size, 3) and example.image.dtype == np.uint8
    assert example.segmentation_masks.shape == (3, *size) and example.segmentation_masks.dtype == np.uint8
    assert set(np.unique(example.segmentation_masks)) <= {0, 1}
    assert len(example.prompts) == len(example.kinds) == 3


@pytest.mark.parametrize("split", ShapesSource.splits)
def test_deterministic(split):
    source, again, other = ShapesSource((32, 32)), ShapesSource((32, 32)), ShapesSource((32, 32), seed=1)
    for index in (0, 7):
        example = source.example(split, index, num_prompts=4)
        assert same(example, again.example(split, index, num_prompts=4))
        assert not np.array_equal(example.image, other.example(split, index).image)
    assert not np.array_equal(source.example(split, 1).image, source.example(split, 2).image)
    assert source.example(split, 1, num_prompts=2).prompts == source.example(split, 1, num_prompts=4).prompts[:2]


def test_splits_show_other_scenes():
    images = [ShapesSource((32, 32)).example(split, 3).image for split in ShapesSource.splits]
    assert not any(np.array_equal(images[i], images[i - 1]) for i in range(3))


def test_only_training_scenes_change_with_the_epoch():
    source = ShapesSource((32, 32), num_train=10)
    assert not same(source.example("train", 3), source.example("train", 3, epoch=1))
    seen = {source.example("train", index, epoch).image.tobytes() for epoch in range(3) for index in range(10)}
    assert len(seen) == 30
    for split in ("val", "test"):
        assert same(source.example(split, 3), source.example(split, 3, epoch=1))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("split", ShapesSource.splits)
def test_a_phrase_has_one_reading_and_its_mask_shows_it(draw_example, read_phrase, size, split):
    """Every phrase, read anew by its words alone, names exactly the objects whose visible pixels are in its mask."""
    source = ShapesSource(size)
    for index in range(100):
        example, objects, owner = draw_example(source, split, index, num_prompts=6)
        for text, kind, mask in zip(example.prompts, example.kinds, example.segmentation_masks, strict=True):
            meaning = read_phrase(text, objects)
            assert len(meaning.readings) == 1, f"{split} {index}: {text!r} has the readings {meaning.readings}"
            meant = next(iter(meaning.readings))
            np.testing.assert_array_equal(mask, np.isin(owner, [i + 1 for i in meant]), f"{split} {index}: {text!r}")
            assert kind == (meaning.form if meant else "absent"), f"{split} {index}: {text!r}"
            assert mask.any() == bool(meant)


def test_position_by_edges_agrees_with_position_by_centres(draw_example, read_phrase):
    """ "The leftmost circle" is measured at the centres; who looks at the edges nearly always finds the same one."""
    source, agreed = ShapesSource((96, 96), num_val=150), []
    for index in range(150):
        example, objects, owner = draw_example(source, "val", index, num_prompts=6)
        for text, kind in zip(example.prompts, example.kinds, strict=True):
            if kind == "position":
                meaning = read_phrase(text, objects)
                target, named = min(next(iter(meaning.readings))), meaning.nouns[0].items()
                rivals = [i for i, item in enumerate(objects) if all(getattr(item, k) == v for k, v in named)]
                extents = {i: [(cells.min(), -cells.max()) for cells in np.nonzero(owner == i + 1)] for i in rivals}
                side = [word in text for word in ("top", "highest", "bottom", "lowest", "left", "right")].index(True)
                axis, end = [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 1)][side]
                agreed.append(extents[target][axis][end] == min(extents[i][axis][end] for i in rivals))
    assert len(agreed) > 100 and np.mean(agreed) > 0.99


@pytest.mark.parametrize("split", ["train", "val"])
def test_held_out_pairs_are_neither_shown_nor_named(draw_example, read_phrase, split):
    source = ShapesSource((32, 32), num_val=150)
    for index in range(150):
        example, objects, _ = draw_example(source, split, index, num_prompts=6)
        assert not any((item.colour, item.shape) in HELD_OUT for item in objects)
        for text in example.prompts:
            assert not named_pairs(read_phrase(text, objects)) & HELD_OUT, text


def test_held_out_pairs_are_shown_and_named_in_test_scenes(draw_example, read_phrase):
    source, shown, named = ShapesSource((32, 32)), set(), set()
    for index in range(150):
        example, objects, _ = draw_example(source, "test", index, num_prompts=6)
        shown |= {(item.colour, item.shape) for item in objects} & HELD_OUT
        named |= set().union(*(named_pairs(read_phrase(text, objects)) for text in example.prompts)) & HELD_OUT
    assert shown == named == HELD_OUT


@pytest.mark.parametrize("num_prompts", [1, 8])
@pytest.mark.parametrize("split", ["train", "test"])
def test_kinds_come_in_fair_shares(split, num_prompts):
    source = ShapesSource((32, 32))
    counts = collections.Counter()
    for index in range(800 // num_prompts):
        counts.update(source.example(split, index, num_prompts=num_prompts).kinds)
    assert set(counts) == {"attribute", "position", "relation", "number", "absent"}
    for kind, count in counts.items():
        assert 0.12 < count / counts.total() < 0.32, kind


def test_phrases_of_a_picture_differ():
    source = ShapesSource((32, 32))
    for index in range(50):
        example = source.example("train", index, num_prompts=8)
        assert len(set(example.prompts)) == 8
        assert len({mask.tobytes() for mask in example.segmentation_masks}) > 1


def test_more_prompts_than_a_scene_has_phrases_are_repeated():
    example = ShapesSource((32, 32)).example("val", 0, num_prompts=3000)
    assert len(example.prompts) == 3000 > len(set(example.prompts)) > 30


def test_training_prompts_hold_every_word():
    source = ShapesSource((32, 32))
    words = {split: set(" ".join(source.prompts(split)).split()) for split in source.splits}
    assert words["val"] <= words["train"] and words["test"] <= words["train"]
    assert len(source.prompts("train", limit=40)) == 40


def test_counts():
    source = ShapesSource((32, 32), num_train=3, num_val=2, num_test=1)
    assert [source.num_examples(split) for split in source.splits] == [3, 2, 1]
    assert (source.name, source.task, source.class_names) == ("shapes", "referring", ())


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image_size": (31, 64)}, r"at least 32 x 32 pixels. Received: image_size=\(31, 64\)"),
        ({"num_val": 0}, "at least one scene. Received: num_train=2000, num_val=0, num_test=1000"),
    ],
)
def test_constructor_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ShapesSource(**arguments)


def test_unknown_split():
    for call in (ShapesSource().num_examples, ShapesSource().prompts, lambda split: ShapesSource().example(split, 0)):
        with pytest.raises(ValueError, match=r"one of \('train', 'val', 'test'\). Received: split='validation'"):
            call("validation")


@pytest.mark.parametrize("index", [-1, 4])
def test_index_out_of_range(index):
    with pytest.raises(ValueError, match=f"Split 'val' has scenes 0 to 3. Received: index={index}"):
        ShapesSource(num_val=4).example("val", index)


@pytest.mark.parametrize("limit", [1, 3, 8, 10])
def test_prompts_to_learn_a_vocabulary_from(limit):
    assert len(ShapesSource((32, 32)).prompts("train", limit)) == limit
