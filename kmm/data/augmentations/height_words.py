"""What becomes of "top" and "bottom", "upper" and "lower", "above" and "below" when a picture is turned upside down.

English; whole words, in compounds too. "top" and "bottom" count as places at the start of a prompt, after "at the",
"on", "from", "left" and the like, and before "left", "corner", "row", "half" and the like: a "red top" may be worn.
"over" and "under" count before an article. Other words that know up from down ("up", "high up", "upright", "beneath",
"on top of"), sides of a body, which look like the other side in a mirror, and things that are counted from a side that
is not said make a prompt not sure: its text stays as it is, and the steps leave the whole example as it is.

Words such as "standing" stay: what stood is still the thing that stood.
"""

from kmm.data.augmentations.side_words import BEFORE_PLACE, CLOCK, CLOCKWISE, COMPASS, ORDINALS, PLACE, SIDE
from kmm.data.augmentations.word_map import CUT, WordMap

EDGE = "(?:top|bottom)"
ARTICLE = "(?:the|a|an)"

_AFTER_EDGE = "left|right|corner|row|half|side|part|edge|middle|cent(?:er|re)|third|quarter|shelf|one|most"
_BODY = (
    "hands?|arms?|legs?|foot|feet|eyes?|ears?|cheeks?|shoulders?|elbows?|wrists?|thumbs?|fingers?|knees?|ankles?|"
    "thighs?|hips?|breasts?|paws?|wings?|lungs?|lobes?|kidneys?|ventricles?|sleeves?|shoes?|boots?|gloves?"
)

EDGE_MARKS = (
    (rf"(?i)((?:^(?:the\s+)?|\b{BEFORE_PLACE}|\b{SIDE}{PLACE}?[\s-]+){EDGE})\b", rf"\1{PLACE}"),
    (rf"(?i)\b({EDGE})([\s-]+(?:{_AFTER_EDGE})\b)", rf"\1{PLACE}\2"),
)
HEIGHTS_UNSURE = "|".join(
    (
        rf"\b{SIDE}[\x02-\x08]?[\s-]+(?:\w+[\s-]+)?(?:{_BODY})\b",
        rf"\b(?:upper|lower)\s+(?:\w+\s+)?(?:body|bodies|lips?|teeth|jaws?|backs?|class|case|than|{_BODY})\b",
        r"\b(?:high|low)\s+(?:in|on|at)\b",
        rf"\bon\s+{EDGE}{PLACE}?\s+of\b",
        rf"\b{EDGE}{PLACE}?[\s-]+(?:hats?|coats?|she|he|they|that|which|worn|with|on)\b",  # something worn
        CLOCK,
    )
)
UP_AND_DOWN = (
    *("up", "down", "higher", "beneath", "underneath", "atop", "overhead", "upside", "upright", "inverted"),
    *("overturned", "uphill", "downhill", "over", "under", "top", "bottom"),
)
"""Words without counterpart, where no mark says more of them."""

_PAIRS = (
    *(("upper", "lower"), ("uppermost", "lowermost"), ("topmost", "bottommost"), ("highest", "lowest")),
    *(("above", "below"), ("upward", "downward"), ("upwards", "downwards")),
    *((f"top{PLACE}", f"bottom{PLACE}"), (f"over{PLACE}", f"under{PLACE}")),
)
HEIGHTS = WordMap(
    {
        **{one: other.strip(PLACE) for pair in _PAIRS for one, other in (pair, pair[::-1])},
        **dict.fromkeys((*UP_AND_DOWN, *COMPASS, *CLOCKWISE)),
    },
    marks=(
        (rf"(?i)\b({SIDE}[\s-]+h)(and[\s-]+(?:side|corner)\b)", rf"\1{CUT}\2"),  # no part of a body
        *EDGE_MARKS,
        (rf"(?i)\b(over|under)(\s+{ARTICLE}\b)", rf"\1{PLACE}\2"),
    ),
    unsure=HEIGHTS_UNSURE,
    unsure_alone=ORDINALS,
)
"""The `WordMap` of a picture upside down."""


def swap_heights(prompts):
    """Swap "top" and "bottom" and their like in strings of any shape; doing it twice gives the old text.

    >>> swap_heights(b"the topmost cup above the tabletop, bottom left").numpy().decode()
    'the bottommost cup below the tabletop, top left'
    """
    return HEIGHTS.texts(prompts)
