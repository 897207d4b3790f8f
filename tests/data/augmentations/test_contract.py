"""What holds for every data step."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from kmm.data import augmentations

GEOMETRIC = {
    "FixedCrop": {"height": 6, "width": 5, "min_kept": 0.0},
    "RandomAffine": {"degrees": 30.0},
    "RandomCrop": {"min_kept": 0.0},
    "RandomFlip": {},
    "RandomQuarterTurn": {},
    "RandomVerticalFlip": {},
    "RandomZoom": {"smallest": 0.5, "largest": 1.5},
}
OF_THE_PICTURE = {
    "RandomBlur": {"probability": 1.0},
    "RandomColor": {"hue": 90.0},
    "RandomErasing": {"probability": 1.0},
    "RandomNoise": {"probability": 1.0},
    "RandomPatchMasking": {},
}
OF_WORDS = {"WordDropout": {"probability": 0.5}}
STEPS = {**GEOMETRIC, **OF_THE_PICTURE, **OF_WORDS}
PROMPTS = ("the cup and the jug beside the fork", "a jug that holds milk")

each_step = pytest.mark.parametrize(
    "step", [getattr(augmentations, name)(**arguments) for name, arguments in STEPS.items()], ids=list(STEPS)
)


def key(index, seed=5):
    return tf.constant([seed, index], "int64")


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def nearly_same(one, other):
    """The graph optimiser may change the last digit of a box."""
    boxes = "bounding_boxes"
    return same({k: v for k, v in one.items() if k != boxes}, other) and (
        boxes not in one or np.allclose(one[boxes], other[boxes], atol=1e-6)
    )


def test_every_step_is_checked_here():
    assert {*STEPS, "Crop"} == set(augmentations.__all__)  # `Crop` is what crops have in common


@each_step
def test_is_a_frozen_dataclass(step):
    with pytest.raises(dataclasses.FrozenInstanceError):
        step.probability = 0.1


@each_step
def test_same_key_same_bytes_and_other_keys_others(step, make_example):
    example = make_example(PROMPTS)
    results = [step(example, key(index)) for index in range(12)]
    assert all(same(result, step(example, key(index))) for index, result in enumerate(results))
    assert any(not same(result, results[0]) for result in results)


@each_step
@pytest.mark.parametrize("boxes", [True, False])
def test_is_the_same_inside_a_dataset(step, make_example, boxes):
    example = {**make_example(PROMPTS, boxes=boxes), "kinds": tf.constant(["relation", "class"])}
    unknown = {name: tf.TensorSpec([None] * value.shape.rank, value.dtype) for name, value in example.items()}
    unknown["images"] = tf.TensorSpec((None, None, 3), "uint8")
    dataset = tf.data.Dataset.from_generator(lambda: [example] * 6, output_signature=unknown)
    dataset = dataset.enumerate().map(lambda index, one: step(one, tf.stack([tf.constant(5, tf.int64), index])))
    for index, result in enumerate(dataset):
        assert nearly_same(step(example, key(index)), result)


@each_step
def test_keeps_dtypes_ranks_and_unknown_keys(step, make_example):
    example = {**make_example(PROMPTS), "name": object()}
    for index in range(4):
        changed = step(example, key(index))
        assert changed.keys() == example.keys() and changed["name"] is example["name"]
        for name in set(example) - {"name"}:
            assert changed[name].dtype == example[name].dtype and changed[name].shape.rank == example[name].shape.rank
        assert changed["images"].shape[:2] == changed["segmentation_masks"].shape[1:]


@pytest.mark.parametrize("name", STEPS)
def test_touches_only_what_it_must(name, make_example):
    example = make_example(PROMPTS)
    changed = getattr(augmentations, name)(**STEPS[name])(example, key(3))
    untouched = {*(example if name in OF_WORDS else ()), "segmentation_masks", "bounding_boxes", "prompts", "images"}
    untouched -= {"images"} if name in OF_THE_PICTURE else {"prompts"} if name in OF_WORDS else untouched
    assert all(changed[part] is example[part] or np.array_equal(changed[part], example[part]) for part in untouched)


@pytest.mark.parametrize("name", sorted(set(GEOMETRIC) - {"RandomAffine"}))
@pytest.mark.parametrize("num_prompts", [1, 3])
def test_picture_masks_and_boxes_stay_aligned(name, num_prompts, make_example, boxes_from):
    """Red and green say what the first and the last mask hold; boxes are those of the moved rectangles."""
    step = getattr(augmentations, name)(**GEOMETRIC[name])
    for index in range(40):
        example = make_example(("cup",) * num_prompts, *((9, 13) if index % 2 else (10, 10)), seed=index)
        moved = {part: value.numpy() for part, value in step(example, key(index)).items()}
        masks, outside = moved["segmentation_masks"], moved["segmentation_masks"] == 255
        for channel, number in ((0, 0), (1, -1)):
            expected = np.where(outside[number], 127, masks[number] * 50)
            np.testing.assert_array_equal(moved["images"][..., channel], expected)
        for number, mask in enumerate(masks):
            assert set(np.unique(mask)) <= {*np.unique(example["segmentation_masks"][number]), 255}
        # zooming takes the nearest pixel, which may be one more or less
        tolerance = 1.5 / min(masks.shape[1:]) if name == "RandomZoom" else 1e-6
        found = moved["bounding_boxes"].any(-1) & (masks % 255).any((1, 2))
        np.testing.assert_allclose(moved["bounding_boxes"][found], boxes_from(masks)[found], atol=tolerance)
        if name != "RandomZoom":
            np.testing.assert_array_equal(moved["bounding_boxes"].any(-1), (masks % 255).any((1, 2)))


@pytest.mark.parametrize("name", GEOMETRIC)
def test_works_without_words_or_masks(name, make_example):
    example = make_example(boxes=False)
    step = getattr(augmentations, name)(**GEOMETRIC[name])
    moved = step({"images": example["images"], "segmentation_masks": example["segmentation_masks"]}, key(1))
    expected = step({**example, "prompts": tf.constant(["cup", "jug"])}, key(1))
    np.testing.assert_array_equal(moved["images"], expected["images"])
    np.testing.assert_array_equal(moved["segmentation_masks"], expected["segmentation_masks"])
