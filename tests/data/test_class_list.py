import json

import numpy as np
import pytest

from kmm.data.class_list import PACKAGED, ClassList, plural_of


def test_words_and_defaults():
    classes = ClassList.from_json(
        {
            "scene": "street",
            "ignore": [7],
            "classes": [
                "sky",
                {"name": "bus", "synonyms": ["coach", ["lorry", "lorries"]]},
                {"name": "fern", "stuff": True},
            ],
        }
    )
    assert classes.names == ("sky", "bus", "fern")
    assert classes.scene == "street" and classes.ignore == (7, 255)
    assert classes.entries[0].stuff and classes.entries[0].nouns == (("sky", "sky"),)
    assert classes.entries[1].nouns == (("bus", "buses"), ("coach", "coaches"), ("lorry", "lorries"))
    assert classes.entries[2].nouns == (("fern", "fern"),)


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.json")), ids=lambda path: path.stem)
def test_packaged_lists_are_found_by_folder_name(path, tmp_path):
    folder = tmp_path / path.stem.upper()
    folder.mkdir()
    assert ClassList.find(folder) == ClassList.load(path)


def test_own_file_comes_before_the_packaged_list(tmp_path):
    folder = tmp_path / "camvid"
    folder.mkdir()
    (folder / "classes.json").write_text('["only"]')
    assert ClassList.find(folder).names == ("only",)


def test_unknown_folder_shows_the_file_to_write(tmp_path):
    with pytest.raises(ValueError, match='(?s)needs the names of its classes.*camvid.*facade.*"classes": \\['):
        ClassList.find(tmp_path)


@pytest.mark.parametrize(
    "content, message",
    [
        ([], "non-empty list `classes`"),
        ({"names": ["sky"]}, "non-empty list `classes`"),
        ({"classes": ["sky"], "void": [3]}, r"Keys .* Received: \['void'\]"),
        ([{"name": "car", "color": 3}], r"Keys .* Received: \['color'\]"),
        ([{"plural": "cars"}], "an object with a `name`.*for id 0"),
        ([3], "an object with a `name`"),
        ([{"name": 3}], "`name` must be a word. Received: name=3 in class 0 of"),
        (["sky", {"name": " "}], "`name` must be a word. Received: name=' ' in class 1 of"),
        ([""], "`name` must be a word"),
        ([{"name": "car", "plural": ["cars"]}], "`plural` must be a word"),
        ([{"name": "car", "stuff": "no"}], "`stuff` must be true or false. Received: stuff='no'"),
        ([{"name": "car", "wide": 1}], "`wide` must be true or false"),
        ([{"name": "car", "max_aspect": "wide"}], "`max_aspect` must be a number above 0"),
        ([{"name": "car", "max_aspect": True}], "`max_aspect` must be a number above 0"),
        ([{"name": "car", "max_aspect": -1}], "`max_aspect` must be a number above 0"),
        ([{"name": "car", "synonyms": "auto"}], "`synonyms` must be a list of words and"),
        ([{"name": "car", "synonyms": [["auto"]]}], r"`synonyms` must be .* \[singular, plural\] pairs"),
        ([{"name": "car", "synonyms": [["a", "b", "c"]]}], "`synonyms` must be"),
        ([{"name": "car", "synonyms": [["auto", 3]]}], "`synonyms` must be"),
        ({"classes": ["sky"], "scene": ["street"]}, "`scene` must be a word"),
        (
            {"classes": ["sky"], "middle": "ahead"},
            "`middle` must be a list of words, not empty. Received: middle='ahead'",
        ),
        ({"classes": ["sky"], "middle": []}, "`middle` must be a list of words, not empty"),
        ({"classes": ["sky"], "middle": [3]}, "`middle` must be a list of words"),
        ({"classes": ["sky"], "ignore": 3}, "`ignore` must be a list of class ids"),
        ({"classes": ["sky"], "ignore": [-1]}, "`ignore` must be a list of class ids"),
        ({"classes": ["sky"], "ignore": [True]}, "`ignore` must be a list of class ids"),
        ({"classes": ["sky"], "ignore": [0]}, "A class must be left to learn"),
        ([f"class {number}" for number in range(256)], "at most 255 classes. Received: 256"),
        (["car", {"name": "bus", "synonyms": ["car"]}], "'car' for ids 0 and 1"),
        ({"classes": ["sky"], "ignore": ["void"]}, "`ignore` must be a list of class ids"),
        ({"classes": ["sky"], "things": "sky"}, "`things` must be true, false or a list of names"),
        ({"classes": ["sky"], "things": ["car"]}, r"`things` must speak of names of classes. Received: \['car'\]"),
        ([{"name": "boots", "plural_only": "yes"}], "`plural_only` must be true or false"),
    ],
)
def test_wrong_content_is_refused(content, message, tmp_path):
    file = tmp_path / "classes.json"
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message) as error:
        ClassList.load(file)
    assert str(file) in str(error.value)


def test_plain_names_are_stuff():
    entries = ClassList.from_json(["car", "boots"]).entries
    assert [(entry.stuff, entry.plural_only, entry.nouns[0]) for entry in entries] == [
        (True, False, ("car", "car")),
        (True, False, ("boots", "boots")),
    ]
    assert ClassList.from_json({"things": False, "classes": ["car", "boots"]}).entries == entries


def test_plain_names_in_english():
    names = [
        "background",
        "bag",
        "t-shirt",
        "dress",
        "boots",
        "glasses",
        "swimwear",
        "dark hair",
        "lens",
        "bus",
        "body",
    ]
    entries = ClassList.from_json(names, things=True).entries
    things = {entry.name: entry.nouns[0][1] for entry in entries if not entry.stuff}
    assert things == {
        **{"bag": "bags", "t-shirt": "t-shirts", "dress": "dresses"},
        **{"lens": "lenses", "bus": "buses", "body": "bodies"},
    }
    assert [entry.name for entry in entries if entry.plural_only] == ["boots", "glasses"]
    assert all(entry.stuff and entry.nouns[0][0] == entry.nouns[0][1] for entry in entries if entry.plural_only)


def test_things_of_the_arguments_go_before_the_file(tmp_path):
    (tmp_path / "classes.json").write_text('{"things": ["bag"], "classes": ["bag", "road", "jeans", {"name": "hat"}]}')

    def things(**options):
        return [entry.name for entry in ClassList.find(tmp_path, **options).entries if not entry.stuff]

    assert things() == ["bag", "hat"]
    assert things(things=["road"]) == ["road", "hat"]
    assert things(things=True) == ["bag", "road", "hat"]
    classes = ClassList.from_json(["jeans", "skirt"], things=["jeans"])
    assert [(entry.stuff, entry.plural_only) for entry in classes.entries] == [(True, True), (True, False)]


@pytest.mark.parametrize("noun, plural", [("person", "people"), ("wine glass", "wine glasses"), ("key", "keys")])
def test_plurals(noun, plural):
    assert plural_of(noun) == plural
    assert ClassList.from_json([{"name": noun}]).entries[0].nouns == ((noun, plural),)


def test_more_synonyms():
    classes = ClassList.from_json(
        ["sky", {"name": "car", "synonyms": ["vehicle"]}, {"name": "boots", "plural_only": True}]
    )
    more = classes.with_synonyms({"car": ["bus", ["ox", "oxen"], "vehicle"], "sky": ["air"], "boots": ["wellies"]})
    assert more.entries[0].nouns == (("sky", "sky"), ("air", "air"))
    assert more.entries[1].nouns == (("car", "cars"), ("vehicle", "vehicles"), ("bus", "buses"), ("ox", "oxen"))
    assert more.entries[2].nouns == (("boots", "boots"), ("wellies", "wellies"))
    assert more.names == classes.names and classes.with_synonyms({}) == classes


@pytest.mark.parametrize(
    "synonyms, message",
    [
        ({"bus": ["coach"]}, r"`synonyms` must speak of names of classes. Received: \['bus'\]"),
        ({"car": "auto"}, "`synonyms` must be a list of words.*the synonyms of 'car'"),
        ({"car": ["sky"]}, "'sky' for ids 0 and 1"),
    ],
)
def test_wrong_synonyms(synonyms, message):
    with pytest.raises(ValueError, match=message):
        ClassList.from_json(["sky", {"name": "car"}]).with_synonyms(synonyms)


def test_unreadable_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="readable JSON file"):
        ClassList.load(tmp_path / "absent.json")
    (tmp_path / "classes.json").write_text("[1,")
    with pytest.raises(ValueError, match="readable JSON file"):
        ClassList.load(tmp_path / "classes.json")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_canonical_masks(dtype):
    classes = ClassList.from_json({"classes": ["sky", "road"], "ignore": [5, 300]})
    result = classes.canonical(np.array([[0, 1, 5, 255]], dtype), "a.png")
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, [[0, 1, 255, 255]])
    if dtype != np.uint8:
        np.testing.assert_array_equal(classes.canonical(np.array([[1, 300]], dtype), "a.png"), [[1, 255]])
        with pytest.raises(ValueError, match=r"\[257\] in a.png"):
            classes.canonical(np.array([[1, 257]], dtype), "a.png")
    if dtype == np.int32:
        with pytest.raises(ValueError, match=r"\[-3, -1\] in a.png"):
            classes.canonical(np.array([[0, -1, -3]], dtype), "a.png")
    with pytest.raises(ValueError, match=r"below 2, the number of classes.*\[2, 9\] in a.png"):
        classes.canonical(np.array([[0, 9, 2]], dtype), "a.png")


def test_255_classes_and_those_that_count():
    classes = ClassList.from_json({"classes": [f"class {number}" for number in range(255)], "ignore": [0, 7]})
    assert [class_id for class_id, _ in classes.counted] == [*range(1, 7), *range(8, 255)]
    assert classes.counted[0][1] is classes.entries[1]
