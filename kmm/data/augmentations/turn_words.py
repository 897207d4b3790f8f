"""What becomes of the words for places when a picture is turned by quarter turns (English).

A turn anticlockwise takes left to the bottom, the bottom to the right, the right to the top and the top to the left:
"leftmost" becomes "bottommost", "upper left" "lower left", "to the left of the" "below the", "left of the" "under the".
The rules of `side_words` and `height_words` hold here too. What has no counterpart after a quarter turn ("upper" alone,
"highest", "left-hand", "tall", "the second row", "on the left of the plate") makes a prompt not sure: its text stays as
it is, and the steps leave the whole example as it is. Half turns are mirrored twice, so they know more words.
"""

import tensorflow as tf

from kmm.data.augmentations.height_words import ARTICLE, EDGE, EDGE_MARKS, HEIGHTS, HEIGHTS_UNSURE, UP_AND_DOWN
from kmm.data.augmentations.side_words import (
    ABBREVIATIONS,
    COMPASS,
    ORDINALS,
    PLACE,
    SIDE,
    SIDE_MARKS,
    SIDES,
    SIDES_UNSURE,
)
from kmm.data.augmentations.word_map import WordMap

_TO, _OF, _CORNER = "\x03\x04\x05"
"""Marks of "to the left of" and "above", of "left of" and "over", and of "upper left"."""

_CYCLES = (
    # each word with its mark and what is written for it, in the order in which a turn anticlockwise takes them
    [("left", "left"), (f"bottom{PLACE}", "bottom"), ("right", "right"), (f"top{PLACE}", "top")],
    [(f"left{PLACE}", "left"), (f"bottom{PLACE}", "bottom"), (f"right{PLACE}", "right"), (f"top{PLACE}", "top")],
    [(word, word) for word in ("leftmost", "bottommost", "rightmost", "topmost")],
    [(word, word) for word in ("leftward", "downward", "rightward", "upward")],
    [(word, word) for word in ("leftwards", "downwards", "rightwards", "upwards")],
    [
        *((f"t{_TO}left", "to the left of"), (f"below{_TO}", "below")),
        *((f"t{_TO}right", "to the right of"), (f"above{_TO}", "above")),
    ],
    [
        *((f"left{_OF}", "left of"), (f"under{_OF}", "under")),
        *((f"right{_OF}", "right of"), (f"over{_OF}", "over")),
    ],
    [
        *((f"left{_CORNER}", "left"), (f"lower{_CORNER}", "lower")),
        *((f"right{_CORNER}", "right"), (f"upper{_CORNER}", "upper")),
    ],
)
_MARKS = (
    (r"(?i)\b(upper|lower)([\s-]+)(left|right)\b", rf"\3{_CORNER}\2\1{_CORNER}"),  # the other word decides about each
    (rf"\b(t|T)o the (left|right) of( (?i:{ARTICLE})\b)", rf"\1{_TO}\2\3"),
    (rf"\b(?:([lL]eft|[rR]ight) of|(LEFT|RIGHT) OF)( (?i:{ARTICLE})\b)", rf"\1\2{_OF}\3"),
    (rf"(?i)\b(above|below)( {ARTICLE}\b)", rf"\1{_TO}\2"),
    (rf"(?i)\b(over|under)( {ARTICLE}\b)", rf"\1{_OF}\2"),
    *SIDE_MARKS,
    *EDGE_MARKS,
)
_UNSURE = "|".join(
    (
        SIDES_UNSURE,
        HEIGHTS_UNSURE,
        rf"\b(?:the|at|on|in|from|far|very|towards?|his|her|its|their|my|our|your)\s+{SIDE}[\x02-\x08]*{_OF}",
        rf"\b(?:{EDGE}|{SIDE})[\x02-\x08]*[\s-]+{SIDE}[\x02-\x08]*{_OF}",  # "top left of the picture"
        rf"\b(?:{SIDE}|{EDGE}){PLACE}?(?:[\s-]+\w+)?\s+of\b",
        r"\bboth\s+sides?\b",
    )
)
_WITHOUT = (
    *(*UP_AND_DOWN, *COMPASS, *ABBREVIATIONS, "above", "below", "upper", "lower", "uppermost", "lowermost"),
    *("highest", "lowest", "lefthand", "righthand", "leftside", "rightside", "lhs", "rhs", "starboard", "sideways"),
    *("tall", "taller", "tallest", "wide", "wider", "widest", "row", "rows", "column", "columns"),
)


def _quarter_turns(turns):
    words = dict.fromkeys(_WITHOUT)
    for cycle in _CYCLES:
        words |= {cycle[place][0]: cycle[(place + turns) % 4][1] for place in range(4)}
    words |= {"horizontal": "vertical", "vertical": "horizontal"}
    words |= {"horizontally": "vertically", "vertically": "horizontally"}
    return WordMap(words, marks=_MARKS, unsure=_UNSURE, unsure_alone=ORDINALS)


def _half_turn(prompts):
    mirrored, sides_sure = SIDES(prompts)
    turned, heights_sure = HEIGHTS(mirrored)
    sure = sides_sure & heights_sure
    return tf.where(sure, turned, prompts), sure


TURNS = {1: _quarter_turns(1), 2: _half_turn, 3: _quarter_turns(3)}
"""Quarter turns anticlockwise -> function of prompts `(num_prompts,)` to new prompts and which of them are sure."""


def turn_words(prompts, quarter_turns):
    """Turn the words for places in strings of any shape by 1, 2 or 3 quarter turns anticlockwise.

    >>> turn_words(b"the upper left cup, left of the topmost jug", 1).numpy().decode()
    'the lower left cup, under the leftmost jug'
    """
    flat = tf.reshape(prompts, [-1])
    return tf.reshape(TURNS[quarter_turns](flat)[0], tf.shape(prompts))
