import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomVerticalFlip

KEY = tf.constant([1, 2], "int64")
PROMPTS = (
    "the upper cup",
    "Top left cup",
    "a cup",
    "over the jug",
    "BELOW a jug",
    "red top",
    "second cup",
    "standing up",
)


@hypothesis.given(st.lists(st.sampled_from(PROMPTS), min_size=1, max_size=3), st.integers(0, 99))
@hypothesis.settings(max_examples=50, deadline=None)
def test_flipping_twice_is_the_identity(make_example, prompts, seed):
    example, flip = make_example(prompts, seed=seed), RandomVerticalFlip(probability=1)
    twice = flip(flip(example, KEY), KEY)
    for key, value in example.items():
        assert twice[key].dtype == value.dtype
        np.testing.assert_allclose(twice[key], value, atol=1e-6) if key == "bounding_boxes" else (
            np.testing.assert_array_equal(twice[key], value)
        )


def test_flips_picture_masks_boxes_and_words_together(make_example, boxes_from):
    example = make_example(("the upper left cup", "a cup below the jug"))
    flipped = RandomVerticalFlip(probability=1.0)(example, KEY)
    np.testing.assert_array_equal(flipped["images"], example["images"][::-1])
    np.testing.assert_array_equal(flipped["segmentation_masks"], example["segmentation_masks"][:, ::-1])
    np.testing.assert_allclose(flipped["bounding_boxes"], boxes_from(flipped["segmentation_masks"].numpy()), atol=1e-6)
    assert flipped["prompts"].numpy().tolist() == [b"the lower left cup", b"a cup above the jug"]


@pytest.mark.parametrize("prompt", ["the woman in the red top", "the second shelf", "upright"])
def test_leaves_the_example_where_nobody_can_tell(prompt, make_example):
    example = make_example(("a cup", prompt))
    flipped = RandomVerticalFlip(probability=1.0)(example, KEY)
    assert all(np.array_equal(flipped[key], example[key]) for key in example)


def test_probability(make_example):
    example = make_example()
    flips = [
        not np.array_equal(
            RandomVerticalFlip(0.3)(example, tf.constant([7, index], "int64"))["images"], example["images"]
        )
        for index in range(200)
    ]
    assert 0.2 < np.mean(flips) < 0.4
    with pytest.raises(ValueError, match=r"lies in \[0, 1\]. Received: probability=2"):
        RandomVerticalFlip(2)
