import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from kmm.data import ShapesSource
from kmm.data.augmentations.turn_words import TURNS, turn_words

QUARTER = {  # by one quarter anticlockwise; `None`: nobody can tell
    "the leftmost cup": "the bottommost cup",
    "the bottommost cup": "the rightmost cup",
    "the rightmost cup": "the topmost cup",
    "the TOPMOST cup": "the LEFTMOST cup",
    "the cup on the left": "the cup on the bottom",
    "left cup": "bottom cup",
    "Upper left": "lower Left",
    "lower-right corner": "upper-right corner",
    "top left": "left bottom",
    "the cup to the left of the jug": "the cup below the jug",
    "The cup below a jug": "The cup to the right of a jug",
    "To the right of the jug": "Above the jug",
    "the cup above the jug": "the cup to the left of the jug",
    "the star left of the square": "the star under the square",
    "the star under the square": "the star right of the square",
    "the star over the square": "the star left of the square",
    "looking leftwards": "looking downwards",
    "a horizontal line": "a vertical line",
    "the cup right behind the bright jug": "the cup right behind the bright jug",
    "turned clockwise": "turned clockwise",
    "the highest cup": None,
    "upper shelf": None,
    "the cup above": None,
    "on the left of the plate": None,
    "TO THE LEFT OF THE PLATE": None,
    "the left of the plate": None,
    "top left of the plate": None,
    "left-hand side": None,
    "the tall jug": None,
    "on both sides": None,
    "the first row": None,
    "red top": None,
    "the right answer": None,
}
HALF = {
    "the leftmost cup": "the rightmost cup",
    "Upper left": "Lower right",
    "the highest cup": "the lowest cup",
    "to the left of a jug above it": "to the right of a jug below it",
    "the tall jug": "the tall jug",
    "the man in the red top": None,
    "the right answer": None,
}
WORDS = (
    *("left", "right", "top", "bottom", "upper", "lower", "leftmost", "topmost", "above", "below", "over", "under"),
    *("to the left of the", "right of a", "on the", "at", "of", "the", "hand", "corner", "horizontal", "cup", "second"),
)
SENTENCES = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from((str.lower, str.capitalize, str.upper)), st.sampled_from(" -")),
    max_size=8,
).map(lambda parts: "".join(case(word) + separator for word, case, separator in parts))


@pytest.mark.parametrize("turns, text", [(1, text) for text in QUARTER] + [(2, text) for text in HALF])
def test_turns_places(turns, text):
    expected = (QUARTER if turns == 1 else HALF)[text]
    new, sure = TURNS[turns](tf.constant([text.encode()]))
    assert sure.numpy().tolist() == [expected is not None]
    assert new.numpy()[0].decode() == (expected or text)
    if expected is not None:
        assert turn_words(new[0], 4 - turns).numpy().decode() == text, "and back"


@hypothesis.given(SENTENCES, st.sampled_from((1, 2, 3)))
@hypothesis.settings(max_examples=150, deadline=None)
def test_turning_back_is_the_identity_where_both_are_sure(text, turns):
    once, sure = TURNS[turns](tf.constant([text.encode()]))
    back, back_sure = TURNS[4 - turns](once)
    assert text == (back if sure and back_sure else once if not sure else tf.constant([text])).numpy()[0].decode()
    assert not set(once.numpy()[0].decode()) & set("\x01\x02\x03\x04\x05\x06\x07\x08")


def test_three_turns_are_one_turn_back_for_drawn_phrases():
    prompts = tf.constant(ShapesSource((32, 32)).prompts("train", limit=400))
    once, sure = TURNS[1](prompts)
    assert np.mean(sure) > 0.9
    thrice = turn_words(turn_words(turn_words(prompts, 3), 3), 3)
    np.testing.assert_array_equal(once.numpy()[sure], thrice.numpy()[sure])
    np.testing.assert_array_equal(turn_words(once, 1).numpy()[sure], turn_words(prompts, 2).numpy()[sure])
