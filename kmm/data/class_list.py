"""The names of the classes in a folder of class-id masks, and the words by which texts call them."""

import dataclasses
import json
import pathlib

import numpy as np

from kmm.feature_keys import IGNORE_VALUE

PACKAGED = pathlib.Path(__file__).parent / "class_lists"

EXAMPLE_JSON = """{
  "scene": "street",
  "ignore": [2],
  "classes": [
    {"name": "sky", "stuff": true},
    {"name": "car", "plural": "cars", "synonyms": ["vehicle"]}
  ]
}"""

IRREGULAR = {"child": "children", "fish": "fish", "foot": "feet", "knife": "knives", "leaf": "leaves", "man": "men"}
IRREGULAR |= {"mouse": "mice", "person": "people", "potato": "potatoes", "scarf": "scarves", "sheep": "sheep"}
IRREGULAR |= {"shelf": "shelves", "tomato": "tomatoes", "tooth": "teeth", "wolf": "wolves", "woman": "women"}
MASS_NOUNS = frozenset(
    "background clothing earth equipment foliage food fog furniture garbage grass gravel greenery ground hair land "
    "meat mud pavement rice sand sea skin sky smoke snow soil terrain traffic vegetation void water".split()
)
"""What is not counted, where a class list says nothing about its names; words that end with "wear" are not either."""


@dataclasses.dataclass(frozen=True)
class _Entry:
    name: str
    nouns: tuple[tuple[str, str], ...]
    stuff: bool
    wide: bool
    max_aspect: float
    plural_only: bool = False


@dataclasses.dataclass(frozen=True)
class ClassList:
    """What the class ids of a data set mean, read from a small `classes.json`.

    The file is either a plain list of at most 255 names, in the order of the ids, or an object:

    - `classes`: a name or an object for every id from 0 on. Keys of the object: `name`; `stuff`, `true` for what is
      not counted, such as sky (default `false`); `plural` (default: `plural_of`; a stuff class has none unless
      it is given, such as "trees"); `plural_only`, `true` for stuff whose name is a plural, such as jeans; `synonyms`,
      each a word or a `[singular, plural]` pair; `wide`, `true` for stuff whose amount is a width, such as a road;
      `max_aspect`, the largest width divided by height that a single object has, so that a row of cars is not taken for
      one car. A bare name is a stuff class: nothing is known about it.
    - `things`: what is known about bare names. A list of those that are counted, or `true` for all but `MASS_NOUNS` and
      plurals ("boots"), which are taken for `plural_only`.
    - `ignore`: ids that count nowhere and that no text speaks of; 255 is always one of them.
    - `scene`: the noun for the whole picture (default "scene").
    - `middle`: the words for the middle of the picture (default "in the middle", "in the centre").

    Args:
        entries: name, nouns (pairs of singular and plural), `stuff`, `wide` and `max_aspect` of every class.
        ignore: ids that count nowhere.
        scene: the noun for the whole picture.
        middle: the words for the middle of the picture.

    Example:

    >>> classes = ClassList.from_json(["sky", {"name": "car", "synonyms": ["vehicle"]}])
    >>> classes.names
    ('sky', 'car')
    >>> classes.entries[1].nouns
    (('car', 'cars'), ('vehicle', 'vehicles'))
    >>> clothes = ClassList.from_json({"things": True, "classes": ["scarf", "dress", "jeans", "hair"]})
    >>> [(*entry.nouns[0], entry.stuff) for entry in clothes.entries]
    [('scarf', 'scarves', False), ('dress', 'dresses', False), ('jeans', 'jeans', True), ('hair', 'hair', True)]
    """

    entries: tuple[_Entry, ...]
    ignore: tuple[int, ...] = (IGNORE_VALUE,)
    scene: str = "scene"
    middle: tuple[str, ...] = ("in the middle", "in the centre")

    @property
    def names(self) -> tuple[str, ...]:
        """The class names in the order of their ids."""
        return tuple(entry.name for entry in self.entries)

    @property
    def counted(self) -> tuple[tuple[int, _Entry], ...]:
        """Id and entry of every class that is not ignored: those that texts speak of."""
        return tuple(pair for pair in enumerate(self.entries) if pair[0] not in self.ignore)

    @classmethod
    def from_json(cls, content, source="classes.json", things=None) -> "ClassList":
        """The list from parsed JSON; `source` is the file named in errors, `things` goes before the file's own."""
        content = {"classes": list(content)} if isinstance(content, (list, tuple)) else content
        if not isinstance(content, dict) or not isinstance(content.get("classes"), list) or not content["classes"]:
            raise ValueError(
                f"A class list must be a list of names or an object with a non-empty list `classes`. Received: "
                f"{source}. Write it like this:\n{EXAMPLE_JSON}"
            )
        content = content if things is None else {**content, "things": things}
        _check_keys(content, _FILE_KEYS, source)
        if len(content["classes"]) > IGNORE_VALUE:
            raise ValueError(
                f"A class list holds at most {IGNORE_VALUE} classes. Received: {len(content['classes'])} in {source}. "
                "Merge classes."
            )
        things = content.get("things") or ()
        entries = tuple(_entry(item, class_id, source, things) for class_id, item in enumerate(content["classes"]))
        _check_words(entries, source)
        _check_names(() if things is True else things, entries, "things", source)
        ignore = tuple(sorted({*content.get("ignore", ()), IGNORE_VALUE}))
        if set(ignore).issuperset(range(len(entries))):
            raise ValueError(f"A class must be left to learn. Received: ignore={list(ignore)} in {source}. Shorten it.")
        scene, middle = content.get("scene", cls.scene), tuple(content.get("middle", cls.middle))
        return cls(entries=entries, ignore=ignore, scene=scene, middle=middle)

    @classmethod
    def load(cls, path, things=None) -> "ClassList":
        """The list in a file."""
        try:
            content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"A class list must be a readable JSON file. Received: {path} ({error}). "
                f"Write it like this:\n{EXAMPLE_JSON}"
            ) from error
        return cls.from_json(content, str(path), things)

    @classmethod
    def find(cls, directory, things=None) -> "ClassList":
        """The list of a data folder: its own `classes.json`, else the packaged list named like the folder."""
        directory = pathlib.Path(directory).resolve()
        for path in (directory / "classes.json", PACKAGED / f"{directory.name.lower()}.json"):
            if path.is_file():
                return cls.load(path, things)
        known = ", ".join(sorted(path.stem for path in PACKAGED.glob("*.json")))
        raise ValueError(
            f"A folder of class-id masks needs the names of its classes. Received: {directory}, which holds no "
            f"classes.json and is not named like a packaged list ({known}). Write {directory / 'classes.json'}:\n"
            f"{EXAMPLE_JSON}"
        )

    def with_synonyms(self, synonyms) -> "ClassList":
        """The list with more words for some classes.

        Args:
            synonyms: dict from class name to words, each a word or a `[singular, plural]` pair.
        """
        for name, words in synonyms.items():
            _check_keys({"synonyms": words}, _CLASS_KEYS, f"the synonyms of {name!r}")
        _check_names(synonyms, self.entries, "synonyms", "the arguments")
        entries = []
        for entry in self.entries:
            nouns = [*entry.nouns, *(_noun(word, entry.stuff) for word in synonyms.get(entry.name, ()))]
            entries.append(dataclasses.replace(entry, nouns=tuple(dict.fromkeys(nouns))))
        _check_words(entries, "the synonyms")
        return dataclasses.replace(self, entries=tuple(entries))

    def canonical(self, mask, file) -> np.ndarray:
        """The mask as uint8 class ids with 255 for every ignored pixel; `file` is named when an id is unknown."""
        table = np.full(256, -1, np.int16)
        table[: len(self.entries)] = np.arange(len(self.entries))
        table[[class_id for class_id in self.ignore if class_id < 256]] = IGNORE_VALUE
        large = mask > 255
        known = np.where(np.isin(mask, self.ignore), IGNORE_VALUE, -1) if large.any() else None
        result = table[np.minimum(mask, 255).astype(np.uint8)]
        if known is not None:
            result = np.where(large, known, result)
        if mask.dtype.kind == "i":
            result = np.where(mask < 0, -1, result)
        if result.min() < 0:
            unknown = np.unique(mask[result < 0])[:10].tolist()
            raise ValueError(
                f"Class ids in a mask must be below {len(self.entries)}, the number of classes, or ignored "
                f"({list(self.ignore)}). Received: {unknown} in {file}. Add the classes to classes.json or list the "
                'ids under "ignore".'
            )
        return result.astype(np.uint8)


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value


def _is_id(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_noun(value):
    return _is_text(value) or (isinstance(value, list) and len(value) == 2 and all(map(_is_text, value)))


def _is_list_of(is_item):
    return lambda value: isinstance(value, list) and all(map(is_item, value))


_FLAG = ("true or false", lambda value: isinstance(value, bool))
_FILE_KEYS = {
    "classes": ("a list", lambda value: isinstance(value, list)),
    "ignore": ("a list of class ids", _is_list_of(_is_id)),
    "things": ("true, false or a list of names", lambda value: isinstance(value, bool) or _is_list_of(_is_text)(value)),
    "scene": ("a word", _is_text),
    "middle": ("a list of words, not empty", lambda value: bool(value) and _is_list_of(_is_text)(value)),
}
_CLASS_KEYS = {
    "name": ("a word", _is_text),
    "plural": ("a word", _is_text),
    "stuff": _FLAG,
    "plural_only": _FLAG,
    "synonyms": ("a list of words and [singular, plural] pairs", _is_list_of(_is_noun)),
    "wide": _FLAG,
    "max_aspect": ("a number above 0", _is_number),
}
"""What each key must hold, in words and as a test."""


def _check_keys(item, known, where):
    unknown = sorted(set(item) - set(known))
    if unknown:
        raise ValueError(f"Keys of a class list must be among {list(known)}. Received: {unknown} in {where}.")
    for key, value in item.items():
        meaning, is_right = known[key]
        if not is_right(value):
            raise ValueError(f"`{key}` must be {meaning}. Received: {key}={value!r} in {where}.")


def _check_words(entries, source):
    owners = {}
    for class_id, entry in enumerate(entries):
        for word in {word for pair in entry.nouns for word in pair}:
            if owners.setdefault(word, class_id) != class_id:
                raise ValueError(
                    f"A word must belong to one class. Received: {word!r} for ids {owners[word]} and {class_id} in "
                    f"{source}. Choose another name, plural or synonym."
                )


def _check_names(names, entries, key, source):
    unknown = sorted(set(names) - {entry.name for entry in entries})
    if unknown:
        raise ValueError(f"`{key}` must speak of names of classes. Received: {unknown} in {source}. Correct them.")


def _entry(item, class_id, source, things) -> _Entry:
    item = _guess(item, things) if isinstance(item, str) else item
    if not isinstance(item, dict) or "name" not in item:
        raise ValueError(
            f"A class must be a name or an object with a `name`. Received: {item!r} for id {class_id} in {source}."
        )
    _check_keys(item, _CLASS_KEYS, f"class {class_id} of {source}")
    plural_only = item.get("plural_only", False)
    stuff = item.get("stuff", False) or plural_only
    names = [item["name"], *filter(None, [item.get("plural")])]
    nouns = [_noun(word, stuff) for word in (names, *item.get("synonyms", ()))]
    aspect = float(item.get("max_aspect", 2.5))
    return _Entry(item["name"], tuple(nouns), stuff, item.get("wide", False), aspect, plural_only)


def _guess(name, things):
    """The object that stands for a bare name."""
    word = name.lower().split(" ")[-1]
    stuff = word in MASS_NOUNS or word.endswith("wear") if things is True else name not in things
    is_plural = word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in ("gas", "canvas", "lens")
    return {"name": name, "stuff": stuff, "plural_only": is_plural and not stuff}


def _noun(word, stuff):
    """The pair of singular and plural; stuff has no plural unless it is given."""
    singular, *plural = [word] if isinstance(word, str) else word
    return singular, plural[0] if plural else singular if stuff else plural_of(singular)


def plural_of(noun):
    """The usual plural of an English noun, of its last word where there are several.

    >>> [plural_of(noun) for noun in ("car", "traffic light", "bus", "body", "scarf", "old woman")]
    ['cars', 'traffic lights', 'buses', 'bodies', 'scarves', 'old women']
    """
    *before, word = noun.split(" ")
    if word in IRREGULAR:
        word = IRREGULAR[word]
    elif word.endswith("y") and word[-2:-1] not in ("", *"aeiou"):
        word = f"{word[:-1]}ies"
    else:
        word = f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"
    return " ".join([*before, word])
