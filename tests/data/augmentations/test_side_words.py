import hypothesis
import hypothesis.strategies as st
import pytest
import tensorflow as tf

from kmm.data.augmentations.side_words import SIDES, swap_sides

SAME, UNSURE = "same", "unsure"
CASES = {
    # sides
    "the man to the right of the left tree": "the man to the left of the right tree",
    "LEFT arm, Right-hand side, lefthand, RIGHTMOST": "RIGHT arm, Left-hand side, righthand, LEFTMOST",
    "top-left/bottom right": "top-right/bottom left",
    "leftward, rightwards, lhs": "rightward, leftwards, rhs",
    "the cup on the left behind the jug": "the cup on the right behind the jug",
    "the man on the right now": "the man on the left now",
    "far left in front of the tree": "far right in front of the tree",
    "the square is left of the car": "the square is right of the car",
    "the second zebra from the left": "the second zebra from the right",
    "right side, left half": "left side, right half",
    "turn right, then left": "turn left, then right",
    "right one": "left one",
    # no sides
    "bright copyright upright leftover lefty rights wright": SAME,
    "the man right behind the jug": SAME,
    "right now, right away, right in front of it": SAME,
    "Right next to the right cup": "Right next to the left cup",
    "RIGHT BESIDE THE LEFT CUP": "RIGHT BESIDE THE RIGHT CUP",
    "all right.": SAME,
    "pizza left over, window left open, a dog left behind": SAME,
    "it is right in the middle": SAME,
    "a cup": SAME,
    # nobody can tell
    "the right answer": UNSURE,
    "in the right place": UNSURE,
    "all right zebras": UNSURE,
    "all left": UNSURE,
    "the left open drawer": UNSURE,
    "left now": UNSURE,
    "car left by the road": UNSURE,
    "right above the door": UNSURE,
    "what is left of the cake": UNSURE,
    "the bus has left": UNSURE,
    "that is right": UNSURE,
    "right of way": UNSURE,
    "right side up": UNSURE,
    "at 2 o'clock": UNSURE,
    "the second zebra": UNSURE,
    "the 3rd cup right behind the jug": UNSURE,
    "turning clockwise": UNSURE,
    "the west wing": UNSURE,
    "rt guy": UNSURE,
    "lEFT": UNSURE,
    "left \x01": UNSURE,
}
WORDS = (
    *("left", "right", "leftmost", "right-hand", "top-left", "bright", "leftover", "upright", "rights", "lft", "clock"),
    *("all", "is", "has", "what", "the", "on", "to", "far", "from", "his", "of", "in", "at", "front", "middle", "now"),
    *(
        "away",
        "next",
        "behind",
        "open",
        "alone",
        "over",
        "by",
        "side",
        "answer",
        "way",
        "up",
        "second",
        "3rd",
        "cup",
        "é",
    ),
)
SEPARATORS = (" ", " ", " ", " ", "  ", "-", ", ", ". ", "'s ", "\n", "_", "")
SENTENCES = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from((str.lower, str.title, str.upper)), st.sampled_from(SEPARATORS)),
    max_size=9,
).map(lambda parts: "".join(case(word) + separator for word, case, separator in parts))


@pytest.mark.parametrize("text", CASES)
def test_swaps_what_is_a_side(text):
    expected = CASES[text]
    new, sure = SIDES(tf.constant([text.encode()]))
    assert sure.numpy().tolist() == [expected != UNSURE]
    assert new.numpy()[0].decode() == (text if expected in (SAME, UNSURE) else expected)


@hypothesis.given(SENTENCES)
@hypothesis.settings(max_examples=150, deadline=None)
def test_swapping_twice_is_the_identity(text):
    once, sure = SIDES(tf.constant([text.encode()]))
    twice, still_sure = SIDES(once)
    assert twice.numpy()[0].decode() == text
    assert sure.numpy() == still_sure.numpy(), "a swapped prompt is as sure as it was"


@hypothesis.given(SENTENCES)
@hypothesis.settings(max_examples=100, deadline=None)
def test_only_side_words_change(text):
    swapped = swap_sides(text.encode()).numpy().decode()
    assert swapped.lower().replace("right", "left") == text.lower().replace("right", "left")
    assert not set(swapped) & set("\x01\x02\x03\x04\x05\x06\x07\x08")
