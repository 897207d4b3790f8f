import json

import numpy as np
import pytest

from kmm.data.class_list import PACKAGED, ClassList


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
    with pytest.raises(ValueError, match='(?s)needs the names of its classes.*camvid, facade.*"classes": \\['):
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
    ],
)
def test_wrong_content_is_refused(content, message, tmp_path):
    file = tmp_path / "classes.json"
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message) as error:
        ClassList.load(file)
    assert str(file) in str(error.value)


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
    with pytest.raises(ValueError, match=r"below 2, the number of classes.*\[2, 9\] in a.png"):
        classes.canonical(np.array([[0, 9, 2]], dtype), "a.png")


def test_255_classes_and_those_that_count():
    classes = ClassList.from_json({"classes": [f"class {number}" for number in range(255)], "ignore": [0, 7]})
    assert [class_id for class_id, _ in classes.counted] == [*range(1, 7), *range(8, 255)]
    assert classes.counted[0][1] is classes.entries[1]
