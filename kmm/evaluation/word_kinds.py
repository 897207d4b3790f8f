"""What kind of word a word is: a class, a colour, a place, a number ... (English)."""

import functools
import json
import re

from kmm.data.augmentations.height_words import HEIGHTS
from kmm.data.augmentations.prompt_words import COLOURS
from kmm.data.augmentations.side_words import ORDINALS, SIDES
from kmm.data.class_list import PACKAGED, ClassList
from kmm.data.shapes.scene_object import SHAPES, TEXTURES

WORD_KINDS = ("class", "colour", "position", "number", "size", "texture", "relation", "other")

_EMPTY = "a|an|the|of|to|at|is|are|it|its|that|which|and|or|with|in|on|as"
_RELATION = (
    "above|below|over|under|underneath|beneath|behind|between|beside|besides|next|near|nearest|by|inside|outside|"
    "against|around|among|through|along|front|holding|wearing|facing|towards?|from|off"
)
_POSITION = (
    r"top|bottom|upper|lower|middle|mid|cent(?:er|re|ral)|corners?|edges?|borders?|sides?|ahead|furthest|farthest|"
    r"(?:left|right|top|bottom|upper|lower|outer|inner|fore|hind)most|highest|lowest|everywhere|background|foreground|"
    r"far|distant|closest|back|o['’]?clock"
)
_SIZE = (
    r"(?:large|big|small|tin|tall|short|long|wide|narrow|thick|thin|huge|fat|deep|broad|vast|medium|giant|mini|great|"
    r"slim|bigg|thinn|fatt|larg|wid)(?:e|y|er|est|r|st|ier|iest|ish)?|sliver|little|trace"
)
_NUMBER = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|pairs?|couple|all|both|every|each|several|"
    r"many|few|some|single|only|much|lots?|none|no|another|others?|\d+|number"
)
_TEXTURE = (
    "stripes?|strip[ey]d?|dotted|dots|spotted|spots|che(?:ck|qu)ere?d|checks?|plaid|plain|solid|patterned|smooth|rough|"
    "shiny|matte?|wooden|wood|metal(?:lic)?|glass|furry|fluffy|woven|grainy|flowered|floral|transparent"
)
_THINGS = (
    "shapes?|objects?|things?|man|men|woman|women|people|persons?|boys?|girls?|kids?|child|children|guys?|lady|ladies|"
    "baby|babies|bab[ey]|players?|dogs?|cats?|horses?|birds?|cows?|sheep|elephants?|zebras?|giraffes?|bears?|cars?|"
    "trucks?|bus(?:es)?|trains?|bikes?|bicycles?|motorcycles?|boats?|planes?|airplanes?|chairs?|couch(?:es)?|sofas?|"
    "tables?|beds?|cups?|bottles?|bowls?|plates?|glasses|umbrellas?|bags?|phones?|laptops?|screens?|books?|shirts?|"
    "pizzas?|cakes?|sandwich(?:es)?|bananas?|apples?|broccoli|carrots?|donuts?|hats?|trees?|sky|road|scene|street"
)
_LEXICON = (
    ("colour", rf"(?:{COLOURS})"),
    ("texture", "|".join((_TEXTURE, *TEXTURES))),
    ("number", rf"(?:{_NUMBER})|(?:{ORDINALS})"),
    ("size", _SIZE),
    ("position", _POSITION),
    ("relation", _RELATION),
    ("other", _EMPTY),
)
"""The first of these that a word matches is its kind, after places that a mirror exchanges and before classes."""


def word_kind(word, class_names=()):
    """The kind of a word: one of `WORD_KINDS`.

    One word is looked at alone, without the words around it: "left" is a position in "left of the car" too. Things are
    known by the class names given, those of kmm's class lists and shapes, and a short list of everyday nouns; any word
    that no list holds is "other".

    Args:
        word: in any letter case, with or without punctuation around it.
        class_names: names of classes, of one word or several.

    Example:

    >>> [word_kind(word) for word in "the two large dotted red circles left of".split()]
    ['other', 'number', 'size', 'texture', 'colour', 'class', 'position', 'other']
    """
    word = plain_word(word)
    parts = word.split("-")
    own = {part for name in class_names for part in name.lower().replace("_", " ").split()}
    if word in own:
        return "class"
    if any(part in _places() for part in (word, *parts)):
        return "position"
    for kind, pattern in _LEXICON:
        if any(re.fullmatch(pattern, part) for part in (word, *parts[:1])):
            return kind
    singulars = {word, word.removesuffix("s"), word.removesuffix("es")}
    return "class" if singulars & (own | _known_classes()) or re.fullmatch(_THINGS, word) else "other"


def plain_word(word):
    """The word in lower case without punctuation around it.

    >>> plain_word('"Left,')
    'left'
    """
    return re.sub(r"^\W+|\W+$", "", word.lower())


@functools.cache
def _places():
    """Words for sides and heights that a mirror exchanges."""
    relations = set(_RELATION.split("|")) | {"up", "down", "atop"}
    pairs = {**SIDES.words, **HEIGHTS.words}
    return {re.sub(r"[\x00-\x1f]", "", word) for word in pairs} - relations


@functools.cache
def _known_classes():
    """Words of the nouns in kmm's own class lists, those of two words too, and the shapes."""
    words = {*SHAPES}
    for path in PACKAGED.glob("*.json"):
        for entry in ClassList.from_json(json.loads(path.read_text(encoding="utf-8")), str(path)).entries:
            words.update(part for nouns in entry.nouns for noun in nouns for part in noun.lower().split())
    return words
