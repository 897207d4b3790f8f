import numpy as np
import pytest
import tensorflow as tf

from kmm.data.augmentations import RandomQuarterTurn
from kmm.data.augmentations.turn_words import turn_words


def turns_of(example, turned):
    """By how many quarters an example was turned, the same for all parts."""
    for turns in range(4):
        if np.array_equal(np.rot90(example["images"], turns), turned["images"]):
            masks = np.rot90(example["segmentation_masks"], turns, axes=(1, 2))
            np.testing.assert_array_equal(turned["segmentation_masks"], masks)
            words = turn_words(example["prompts"], turns) if turns else example["prompts"]
            np.testing.assert_array_equal(turned["prompts"], words)
            return turns
    raise AssertionError("not turned by quarters")


def turned(example, index, **arguments):
    return RandomQuarterTurn(**arguments)(example, tf.constant([3, index], "int64"))


@pytest.mark.parametrize("keep_shape", [True, False])
@pytest.mark.parametrize("size, possible", [((8, 8), {0, 1, 2, 3}), ((8, 11), {0, 2})])
def test_turns_all_parts_alike(make_example, boxes_from, size, possible, keep_shape):
    example = make_example(("the topmost cup", "the cup on the left"), *size)
    counts = np.zeros(4, int)
    for index in range(80):
        result = turned(example, index, keep_shape=keep_shape)
        counts[turns_of(example, result)] += 1
        expected = boxes_from(result["segmentation_masks"].numpy())
        np.testing.assert_allclose(result["bounding_boxes"], expected, atol=1e-6)
    assert set(np.flatnonzero(counts)) == (possible if keep_shape else {0, 1, 2, 3})
    assert 10 < counts[0] < 32, "a quarter of the pictures is not turned"


def test_a_prompt_that_cannot_be_turned_stops_that_turn(make_example):
    example = make_example(("the highest cup", "a cup"), 8, 8)  # half turns know the word, quarter turns do not
    found = {turns_of(example, turned(example, index, probability=1.0)) for index in range(30)}
    assert found == {0, 2}
    example = make_example(("the right answer",), 8, 8)
    assert {turns_of(example, turned(example, index, probability=1.0)) for index in range(20)} == {0}


def test_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match=r"lies in \[0, 1\]. Received: probability=-1"):
        RandomQuarterTurn(-1)
