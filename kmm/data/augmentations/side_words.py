"""What becomes of "left" and "right" when a picture is mirrored (English).

The words are exchanged as wholes, in compounds too ("leftmost", "left-hand", "bottom-left"), never inside other words
("bright", "copyright", "leftover"). Three rules decide about a "right" that may mean "correct" or "directly", and a
"left" that may be the verb:

1. After "on", "to", "from", "at", "far" (and "the") it is a side: "the cup on the right behind the jug".
2. Else it stays where it is surely none: "right" before "now", "away", "next to", "beside", "in front", "in the
   middle" and "behind", and "all right" at the end; "left" before "alone", "behind", "over", "open", "unattended" ...
3. Where nobody can tell, the prompt is not *sure*: "the right answer", "the car left by the road", "is right", and
   also "at 2 o'clock", and things that are counted from a side that is not said ("the second zebra"). Its text stays
   as it is, and the steps leave the whole example as it is.
"""

from kmm.data.augmentations.word_map import CUT, WordMap, any_word

PLACE = "\x02"
"""Mark behind a word that is surely a place."""

SIDE = "(?:left|right)"
BEFORE_PLACE = r"(?:at|on|to|from|towards?|far|very)\s+(?:(?:the|his|her|its|their|my|our|your|far|very)\s+){0,2}"

_STAYS_RIGHT = r"now|away|next\s+to|beside|in\s+front|in\s+the\s+(?:middle|cent(?:er|re))|behind"
_STAYS_LEFT = "alone|behind|over|open|blank|empty|unattended|untouched|uneaten"
_UNSURE_BEFORE = (
    "above|below|under|underneath|beneath|against|near|by|at|in|on|off|into|onto|out|outside|inside|between|among|"
    "around|across|along|through|before|after|up|down|there|here"
)
_CORRECT = (
    "answers?|choices?|ways?|places?|spots?|orders?|sizes?|directions?|times?|moments?|amounts?|angle[sd]?|triangles?"
)
_VERBS = "is|are|was|were|be|been|being|has|have|had|having|just|all"

SIDE_MARKS = (
    (rf"(?i)(\b{BEFORE_PLACE}{SIDE})\b", rf"\1{PLACE}"),
    (rf"(?i)\b({SIDE})(\s+(?:of|side|half|corner|edge)\b)", rf"\1{PLACE}\2"),
    (
        rf"(?i)\b(?:(r)(ight\s+(?:{_STAYS_RIGHT})\b)|(l)(eft\s+(?:{_STAYS_LEFT})\b)|(all\s+r)(ight\s*(?:$|[.,;:!?])))",
        rf"\1\3\5{CUT}\2\4\6",
    ),
)

CLOCK = r"\bo['’]?\s?clock\b"
SIDES_UNSURE = "|".join(
    (
        rf"\b{SIDE}\s+(?:{_STAYS_RIGHT}|{_STAYS_LEFT}|{_UNSURE_BEFORE})\b",
        rf"\b(?:{_VERBS})\s+{SIDE}(?:\s|$|[[:punct:]])",
        rf"\bwhat(?:['’]?s|\s+is|\s+was)?\s+{SIDE}",
        rf"\bthe\s+l{CUT}eft",  # "the left open drawer"
        rf"\b{SIDE}{PLACE}?[\s-]+(?:{_CORRECT}|of[\s-]+way|side\s+up)\b",
        CLOCK,
    )
)
ORDINALS = any_word(
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "last"),
    r"\d+(?:st|nd|rd|th)",
)

COMPASS = tuple(
    f"{point}{end}"
    for point in ("north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest")
    for end in ("", "ern")
)
CLOCKWISE = ("clockwise", "anticlockwise", "counterclockwise")
ABBREVIATIONS = ("lft", "rgt", "rt")

_ENDINGS = ("", PLACE, "most", "ward", "wards", "hand", "handed", "side")
SIDES = WordMap(
    {
        **{f"left{end}": f"right{end}".strip(PLACE) for end in _ENDINGS},
        **{f"right{end}": f"left{end}".strip(PLACE) for end in _ENDINGS},
        **{"lhs": "rhs", "rhs": "lhs"},
        **dict.fromkeys((*COMPASS, *CLOCKWISE, *ABBREVIATIONS, "starboard")),
    },
    marks=SIDE_MARKS,
    unsure=SIDES_UNSURE,
    unsure_alone=ORDINALS,
)
"""The `WordMap` of a mirrored picture."""


def swap_sides(prompts):
    """Swap "left" and "right" in strings of any shape; doing it twice gives the old text.

    >>> swap_sides(b"the bright cup on the left-hand side, right behind the jug").numpy().decode()
    'the bright cup on the right-hand side, right behind the jug'
    """
    return SIDES.texts(prompts)
