import hypothesis
import hypothesis.strategies as st
import pytest
import tensorflow as tf

from kmm.data.augmentations.height_words import HEIGHTS, swap_heights

SAME, UNSURE = "same", "unsure"
CASES = {
    "the cup above the jug": "the cup below the jug",
    "The upper left corner, LOWER right": "The lower left corner, UPPER right",
    "the topmost, the lowest": "the bottommost, the highest",
    "top zebra": "bottom zebra",
    "The Bottom row": "The Top row",
    "the cup on top": "the cup on bottom",
    "at the very top": "at the very bottom",
    "bottom-left": "top-left",
    "left top": "left bottom",
    "the second from the top": "the second from the bottom",
    "the red square over the star": "the red square under the star",
    "looking upwards": "looking downwards",
    "the left cup, the left-hand side": SAME,
    "laptop on the tabletop of a rooftop, topping": SAME,
    "a standing man": SAME,
    "the density in the upper right is high": "the density in the lower right is high",
    "the woman in a red top": UNSURE,
    "the top she wears": UNSURE,
    "top hat": UNSURE,
    "the cup on top of the box": UNSURE,
    "the cup over there": UNSURE,
    "under 20": UNSURE,
    "standing up": UNSURE,
    "a man upright": UNSURE,
    "beneath the table": UNSURE,
    "the lamp high in the room": UNSURE,
    "the left hand": UNSURE,
    "his right front paw": UNSURE,
    "upper body": UNSURE,
    "the higher one": UNSURE,
    "the second shelf": UNSURE,
    "clockwise": UNSURE,
    "at 6 o'clock": UNSURE,
}
WORDS = (
    *("top", "bottom", "upper", "lower", "topmost", "lowest", "above", "below", "over", "under", "up", "tabletop"),
    *("upward", "the", "a", "on", "at", "from", "left", "right", "hand", "side", "corner", "row", "of", "hat", "high"),
    *("in", "body", "first", "cup"),
)
SENTENCES = st.lists(
    st.tuples(
        st.sampled_from(WORDS),
        st.sampled_from((str.lower, str.title, str.upper)),
        st.sampled_from((" ", " ", " ", "-", ", ", "\n", "")),
    ),
    max_size=8,
).map(lambda parts: "".join(case(word) + separator for word, case, separator in parts))


@pytest.mark.parametrize("text", CASES)
def test_swaps_what_is_a_height(text):
    expected = CASES[text]
    new, sure = HEIGHTS(tf.constant([text.encode()]))
    assert sure.numpy().tolist() == [expected != UNSURE]
    assert new.numpy()[0].decode() == (text if expected in (SAME, UNSURE) else expected)


@hypothesis.given(SENTENCES)
@hypothesis.settings(max_examples=150, deadline=None)
def test_swapping_twice_is_the_identity(text):
    once, sure = HEIGHTS(tf.constant([text.encode()]))
    twice, still_sure = HEIGHTS(once)
    assert twice.numpy()[0].decode() == text
    assert sure.numpy() == still_sure.numpy(), "a swapped prompt is as sure as it was"


def test_swap_heights_takes_any_shape():
    assert swap_heights([["top cup"], ["cup"]]).numpy().tolist() == [[b"bottom cup"], [b"cup"]]
