"""What prompts speak of, so that a data step can leave alone what it would make untrue (English)."""

import tensorflow as tf

from kmm import feature_keys
from kmm.data.augmentations.side_words import ORDINALS
from kmm.data.augmentations.word_map import any_word, holds

COLOURS = any_word(
    r"(?:dark|light|bright|pale|faint|dim|vivid|shad|sun)(?:s|er|est|ly|ish|y|e|ed|ow|ows|owy|lit|ny)?",
    r"(?:red|redd|orange|yellow|green|blue|blu|purple|violet|pink|brown|black|white|whit|gr[ea]y|cyan|teal|tan|gold|silver)"
    r"(?:s|er|est|ish|en|y|ned)?",
    "magenta|turquoise|beige|maroon|navy|cream|khaki|lavender|crimson|scarlet|bronze|copper|amber|indigo|blonde?|brunette",
    r"redheads?|neon|(?:multi)?colou?r(?:s|ed|ful|less)?",
)
"""Words for colour and lightness."""

_PLACES = any_word(
    r"(?:left|right)(?:most|hand|side)?|top|bottom|upper|lower|middle|mid|cent(?:er|re|ral)|corners?|edges?|borders?",
    r"sides?|ahead|\w*most|everywhere|o['’]?clock",
)
_COMPARISONS = any_word(
    "(?:larg|bigg|small|tall|short|long|high|low|near|clos|farth|furth|wid|narrow|thick|thinn|fatt|old|young|deep)(?:er|est)",
    "(?:dark|light|bright|few|tini|great|strong|front)est",
)
_AMOUNTS = any_word(
    "all|both|every|each|everything|everyone|several|many|few|much|lots?|some|only|single|alone|pairs?|couple|groups?",
    "rows?|columns?|lines?|crowds?|whole|entire|full|numbers?|others?|another|two|three|four|five|six|seven|eight|nine|ten",
    r"eleven|twelve|dozens?|\d+|vast|trace|sliver|little|tiny|small|medium|large|huge|big|wide|narrow|far|distant",
)
_RELATIONS = any_word(
    "above|below|over|under|underneath|beneath|behind|front|back|between|beside|next|near|by|inside|outside|up|down|with",
    "on|in|of|towards?",
)
_NEGATIONS = any_word(r"no|not|\w+n['’]?t|never|none|nobody|nothing|neither|nor|without|except|but|than|other")

WHOLE = "|".join((_PLACES, _COMPARISONS, _AMOUNTS, ORDINALS))
"""Words that are true of the whole picture and may be untrue of a part of it: places, sizes, comparisons, numbers."""

MEANING = "|".join((WHOLE, COLOURS, _RELATIONS, _NEGATIONS))
"""Words that decide which thing is meant, or whether any is."""


def any_prompt_holds(example, pattern):
    """Whether any prompt of an example holds a match: bool scalar, false for an example without prompts.

    >>> any_prompt_holds({"prompts": tf.constant(["a cup", "the Reddish cup"])}, COLOURS).numpy().tolist()
    True
    """
    if feature_keys.PROMPTS not in example:
        return tf.constant(False)
    return tf.reduce_any(holds(example[feature_keys.PROMPTS], pattern))
