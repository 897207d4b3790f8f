import pytest
import tensorflow as tf

from kmm.data.augmentations.prompt_words import COLOURS, MEANING, WHOLE, any_prompt_holds
from kmm.data.augmentations.word_map import holds


def found(text, pattern):
    return bool(holds(tf.constant([text.encode()]), pattern)[0])


COLOURED = "red|a Reddish car|DARK hair|the darker one|light-blue|grey|gray|bluish|whitest|blonde|shady|multicoloured"


@pytest.mark.parametrize("text", COLOURED.split("|"))
def test_colours(text):
    assert found(text, COLOURS)


@pytest.mark.parametrize(
    "text", ["", "a shred", "bored man", "the tanker", "a greenhouse", "shadwell", "lightning", "sunday"]
)
def test_no_colours(text):
    assert not found(text, COLOURS)


@pytest.mark.parametrize(
    "text",
    "on the left|leftmost|TOP shelf|in the centre|the largest|taller one|all cups|both|two dogs|3 dogs|second cup|"
    "the 2nd|every|right-hand|many|the only cup|small cup|uppermost|o'clock|the other one".split("|"),
)
def test_words_of_the_whole_picture(text):
    assert found(text, WHOLE) and found(text, MEANING)


@pytest.mark.parametrize(
    "text", "|the red cup|a bright forest|the man above the tree|leftover|a tall man|the chest".split("|")
)
def test_words_that_hold_of_a_part_too(text):
    assert not found(text, WHOLE)


@pytest.mark.parametrize("text", "no cup|without a hat|isn't red|not|red|above it|behind|near|with|except".split("|"))
def test_words_that_decide(text):
    assert found(text, MEANING)


@pytest.mark.parametrize("text", "|the cup that holds milk|a man walking his dog|notable".split("|"))
def test_words_that_do_not_decide(text):
    assert not found(text, MEANING)


def test_any_prompt_counts():
    assert any_prompt_holds({"prompts": tf.constant(["cup", "red cup"])}, COLOURS)
    assert not any_prompt_holds({"prompts": tf.constant(["cup", "jug"])}, COLOURS)
    assert not any_prompt_holds({"images": tf.zeros((2, 2, 3))}, COLOURS)
