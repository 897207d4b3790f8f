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


@dataclasses.dataclass(frozen=True)
class _Entry:
    name: str
    nouns: tuple[tuple[str, str], ...]
    stuff: bool
    wide: bool
    max_aspect: float


@dataclasses.dataclass(frozen=True)
class ClassList:
    """What the class ids of a data set mean, read from a small `classes.json`.

    The file is either a plain list of at most 255 names, in the order of the ids, or an object:

    - `classes`: a name or an object for every id from 0 on. Keys of the object: `name`; `stuff`, `true` for what is
      not counted, such as sky (default `false`); `plural` (default: the name with "s"; a stuff class has none unless
      it is given, such as "trees"); `synonyms`, each a word or a `[singular, plural]` pair; `wide`, `true` for stuff
      whose amount is a width, such as a road; `max_aspect`, the largest width divided by height that a single object
      has, so that a row of cars is not taken for one car. A bare name is a stuff class: nothing is known about it.
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
    def from_json(cls, content, source="classes.json") -> "ClassList":
        """The list from parsed JSON; `source` is the file named in errors."""
        content = {"classes": content} if isinstance(content, list) else content
        if not isinstance(content, dict) or not isinstance(content.get("classes"), list) or not content["classes"]:
            raise ValueError(
                f"A class list must be a list of names or an object with a non-empty list `classes`. Received: "
                f"{source}. Write it like this:\n{EXAMPLE_JSON}"
            )
        _check_keys(content, _FILE_KEYS, source)
        if len(content["classes"]) > IGNORE_VALUE:
            raise ValueError(
                f"A class list holds at most {IGNORE_VALUE} classes. Received: {len(content['classes'])} in {source}. "
                "Merge classes."
            )
        entries = tuple(_entry(item, class_id, source) for class_id, item in enumerate(content["classes"]))
        owners = {}
        for class_id, entry in enumerate(entries):
            for word in {word for pair in entry.nouns for word in pair}:
                if owners.setdefault(word, class_id) != class_id:
                    raise ValueError(
                        f"A word must belong to one class. Received: {word!r} for ids {owners[word]} and {class_id} in "
                        f"{source}. Choose another name, plural or synonym."
                    )
        ignore = tuple(sorted({*content.get("ignore", ()), IGNORE_VALUE}))
        if set(ignore).issuperset(range(len(entries))):
            raise ValueError(f"A class must be left to learn. Received: ignore={list(ignore)} in {source}. Shorten it.")
        scene, middle = content.get("scene", cls.scene), tuple(content.get("middle", cls.middle))
        return cls(entries=entries, ignore=ignore, scene=scene, middle=middle)

    @classmethod
    def load(cls, path) -> "ClassList":
        """The list in a file."""
        try:
            content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"A class list must be a readable JSON file. Received: {path} ({error}). "
                f"Write it like this:\n{EXAMPLE_JSON}"
            ) from error
        return cls.from_json(content, source=str(path))

    @classmethod
    def find(cls, directory) -> "ClassList":
        """The list of a data folder: its own `classes.json`, else the packaged list named like the folder."""
        directory = pathlib.Path(directory).resolve()
        for path in (directory / "classes.json", PACKAGED / f"{directory.name.lower()}.json"):
            if path.is_file():
                return cls.load(path)
        known = ", ".join(sorted(path.stem for path in PACKAGED.glob("*.json")))
        raise ValueError(
            f"A folder of class-id masks needs the names of its classes. Received: {directory}, which holds no "
            f"classes.json and is not named like a packaged list ({known}). Write {directory / 'classes.json'}:\n"
            f"{EXAMPLE_JSON}"
        )

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
    "scene": ("a word", _is_text),
    "middle": ("a list of words, not empty", lambda value: bool(value) and _is_list_of(_is_text)(value)),
}
_CLASS_KEYS = {
    "name": ("a word", _is_text),
    "plural": ("a word", _is_text),
    "stuff": _FLAG,
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


def _entry(item, class_id, source) -> _Entry:
    item = {"name": item, "stuff": True} if isinstance(item, str) else item
    if not isinstance(item, dict) or "name" not in item:
        raise ValueError(
            f"A class must be a name or an object with a `name`. Received: {item!r} for id {class_id} in {source}."
        )
    _check_keys(item, _CLASS_KEYS, f"class {class_id} of {source}")
    stuff = item.get("stuff", False)

    def noun(word, plural=None):
        return word, plural or (word if stuff else f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s")

    synonyms = (noun(word) if isinstance(word, str) else noun(*word) for word in item.get("synonyms", ()))
    nouns = (noun(item["name"], item.get("plural")), *synonyms)
    return _Entry(item["name"], nouns, stuff, item.get("wide", False), float(item.get("max_aspect", 2.5)))
