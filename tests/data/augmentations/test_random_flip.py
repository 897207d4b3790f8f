import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomFlip
from kmm.data.augmentations.side_words import swap_sides

WORDS = (
    "left",
    "right",
    "Left",
    "RIGHT",
    "leftmost",
    "Right-hand",
    "bright",
    "leftover",
    "top-left",
    "the",
    "кот",
    "é",
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"))) | st.lists(
    st.sampled_from(WORDS) | st.sampled_from(("-", ",", ".", "'s", "_")), max_size=8
).map(" ".join)
KEY = tf.constant([1, 2], "int64")


def swap(text):
    return swap_sides(tf.constant(text.encode())).numpy().decode()


def make_example(prompts=("the left cup",), seed=0):
    random = np.random.default_rng(seed)
    return {
        "images": tf.constant(random.integers(0, 256, (4, 5, 3), dtype="uint8")),
        "segmentation_masks": tf.constant(random.integers(0, 3, (len(prompts), 4, 5), dtype="uint8")),
        "prompts": tf.constant([prompt.encode() for prompt in prompts]),
    }


@pytest.mark.parametrize(
    "text, swapped",
    [
        ("the left car", "the right car"),
        ("right of the left tree", "left of the right tree"),
        ("Left, LEFT and left", "Right, RIGHT and right"),
        ("the leftmost, Rightmost and LEFTMOST", "the rightmost, Leftmost and RIGHTMOST"),
        ("left-hand side, lefthand, leftward, rightwards", "right-hand side, righthand, rightward, leftwards"),
        ("bottom-left, upper-right-hand", "bottom-right, upper-left-hand"),
        ("left's right", "right's left"),
        ("left", "right"),
        ("", ""),
        *(
            (word, word)
            for word in ("bright", "copyright", "leftover", "rights", "righteous", "alright", "cleft", "lefty")
        ),
    ],
)
def test_words_are_swapped_as_wholes(text, swapped):
    assert swap(text) == swapped
    assert swap(swapped) == text


@hypothesis.given(TEXTS)
@hypothesis.settings(max_examples=200, deadline=None)
def test_swapping_twice_is_the_identity(text):
    assert swap(swap(text)) == text


@hypothesis.given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(0, 99))
@hypothesis.settings(max_examples=30, deadline=None)
def test_flipping_twice_is_the_identity(prompts, seed):
    example, flip = make_example(prompts, seed), RandomFlip(probability=1)
    twice = flip(flip(example, KEY), KEY)
    for key, value in example.items():
        assert twice[key].dtype == value.dtype
        np.testing.assert_array_equal(twice[key], value)


def test_flips_picture_masks_and_words_together():
    example = make_example(("the left cup", "a bright cup"))
    flipped = RandomFlip(probability=1.0)(example, KEY)
    np.testing.assert_array_equal(flipped["images"], example["images"][:, ::-1])
    np.testing.assert_array_equal(flipped["segmentation_masks"], example["segmentation_masks"][:, :, ::-1])
    assert flipped["prompts"].numpy().tolist() == [b"the right cup", b"a bright cup"]


def test_probability_and_key_decide_for_all_parts_at_once():
    example, flip = make_example(), RandomFlip(probability=0.3)
    flips = []
    for index in range(200):
        flipped = flip(example, tf.constant([7, index], "int64"))
        same = [np.array_equal(flipped[key], example[key]) for key in example]
        assert len(set(same)) == 1
        flips.append(not same[0])
    assert 0.2 < np.mean(flips) < 0.4
    unchanged = RandomFlip(probability=0)(example, KEY)
    assert all(np.array_equal(unchanged[key], example[key]) for key in example)


def test_moves_boxes_and_leaves_none_none():
    boxes = tf.constant([[0.0, 0.25, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]])
    flipped = RandomFlip(probability=1.0)({**make_example(("a cup", "a jug")), "bounding_boxes": boxes}, KEY)
    np.testing.assert_allclose(flipped["bounding_boxes"], [[0.0, 0.5, 0.5, 0.75], [0.0, 0.0, 0.0, 0.0]])


@pytest.mark.parametrize("prompts", [("the right answer",), ("the left cup", "the second cup"), ("lft cup", "a cup")])
def test_leaves_the_example_where_nobody_can_tell(prompts):
    example = make_example(prompts)
    flipped = RandomFlip(probability=1.0)(example, KEY)
    assert all(np.array_equal(flipped[key], example[key]) for key in example)


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_refuses_other_probabilities(probability):
    with pytest.raises(ValueError, match=rf"lies in \[0, 1\]. Received: probability={probability}"):
        RandomFlip(probability)
