import dataclasses
import importlib
import json
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmm.data import Example, ShapesSource
from kmm.data.check_source import check_source, read_whole, where_of, words_of
from kmm.data.class_list import ClassList
from kmm.data.class_mask_source import ClassMaskSource
from kmm.preprocessing import PromptTokenizer

module = importlib.import_module("kmm.data.check_source")

ALPHABET = "aZ\u00e9\u0301\u00dfКжשب\u064e漢कि\u094d٣0½²_'\u2018\u2019-\u2013.,!/\t\n\x07\ufffd \u00a0\u200d🚗👩🏽"
"""Letters, marks, numbers and what is none; the newest characters are not in the tables of all libraries."""

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"


def example(value, texts=("the car",), masks=None, size=(4, 6), kinds=None, image=None):
    image = np.full((*size, 3), value, np.uint8) if image is None else image
    masks = np.ones((len(texts), *size), np.uint8) if masks is None else np.asarray(masks, np.uint8)
    return Example(image, tuple(texts), masks, tuple(kinds or ["phrase"] * len(texts)))


@dataclasses.dataclass
class Listed:
    """A source of listed examples; an exception in the list is raised."""

    examples: dict
    task: str = "referring"
    class_names: tuple = ()
    name: str = "listed"

    @property
    def splits(self):
        return tuple(self.examples)

    def num_examples(self, split):
        return len(self.examples[split])

    def example(self, split, index, epoch=0, num_prompts=1):
        found = self.examples[split][index]
        if isinstance(found, Exception):
            raise found
        return found

    def all_prompts(self, split, index):
        found = self.example(split, index)
        return list(zip(found.prompts, found.kinds, strict=False))

    def where(self, split, index):
        return f"{split}.csv:{index + 1}"

    def prompts(self, split, limit=2000):
        return [text for item in self.examples[split] if isinstance(item, Example) for text in item.prompts]


def findings(found):
    return [(finding["kind"], finding["where"], finding["message"]) for finding in found]


def test_counts_sizes_and_phrases():
    source = Listed(
        {
            "train": [example(1, ["the car", "a red car"]), example(2, size=(8, 5)), example(3, size=(5, 5))],
            "val": [example(4, ["The CAR!", "a zebra's tail"], kinds=["class", "phrase"])],
        }
    )
    report = check_source(source)
    assert report.problems == report.warnings == []
    assert report.splits == {
        "train": {"pictures": 3, "read": 3, "bad": 0, "texts": 4, "height": [4, 5.0, 8], "width": [5, 5.0, 6]},
        "val": {"pictures": 1, "read": 1, "bad": 0, "texts": 2, "height": [4, 4.0, 4], "width": [6, 6.0, 6]},
    }
    assert report.phrases == {
        "texts": 6,
        "distinct": 4,
        "length": [2, 2.0, 3],
        "kinds": {"phrase": 5, "class": 1},
        "frequent_words": [("car", 5), ("the", 4), ("a", 2), ("red", 1), ("zebra's", 1), ("tail", 1)],
        "vocabulary_size": 4,
        "unknown_words": {"val": ["tail", "zebra's"]},
    }
    assert report.classes == [] and report.ignored_share is None
    assert json.loads(report.to_json())["phrases"]["vocabulary_size"] == 4


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_the_median_is_numpys(heights):
    source = Listed({"train": [example(k, size=(height, 2)) for k, height in enumerate(heights)]})
    assert check_source(source).splits["train"]["height"] == [min(heights), np.median(heights), max(heights)]


def test_class_statistics():
    masks = {"train": [[0, 0, 1, 255]], "val": [[0, 2, 2, 2]]}

    def read_pair(split, index):
        return np.full((1, 4, 3), len(split), np.uint8), np.array(masks[split]), "a.png"

    classes = ClassList.from_json({"ignore": [3], "classes": ["sky", "car", "dog", "void"]})
    report = check_source(ClassMaskSource(read_pair, {"train": 1, "val": 1}, classes))
    assert [(found["name"], found["pixels"], found["pictures"]) for found in report.classes] == [
        ("sky", 3, {"train": 1, "val": 1}),
        ("car", 1, {"train": 1, "val": 0}),
        ("dog", 3, {"train": 0, "val": 1}),
        ("void", 0, {"train": 0, "val": 0}),
    ]
    assert report.classes[0]["share"] == pytest.approx(3 / 7) and report.ignored_share == pytest.approx(1 / 8)
    assert findings(report.warnings) == [("class", "dog", "no picture of train shows this class")]
    assert report.splits["train"]["texts"] == module.NUM_TEXTS and "share  in train  in val" in str(report)


def test_bad_records_stop_nothing():
    source = Listed(
        {
            "train": [
                example(1),
                ValueError("train.csv:2: a.png is cut"),
                KeyError("x"),
                ZeroDivisionError(),
                example(2),
            ],
            "val": [OSError(2, "no file", "b.png"), example(3)],
        }
    )
    report = check_source(source)
    assert findings(report.problems) == [
        ("bad record", "train.csv:2", "a.png is cut"),
        ("bad record", "train.csv:3", "'x'"),
        ("bad record", "train.csv:4", "ZeroDivisionError"),
        ("bad record", "val.csv:1", "[Errno 2] no file: 'b.png'"),
    ]
    assert report.splits["train"]["bad"] == 3 and report.splits["train"]["texts"] == 2
    assert report.splits["val"]["read"] == 2 and report.counts == {"bad record": 4}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"image": np.zeros((4, 6, 3))}, r"must be uint8 \(height, width, 3\). Received: float64 \(4, 6, 3\)"),
        ({"image": np.zeros((4, 6), np.uint8)}, r"Received: uint8 \(4, 6\)"),
        ({"image": np.zeros((0, 6, 3), np.uint8), "size": (0, 6)}, r"Received: uint8 \(0, 6, 3\)"),
        ({"masks": np.zeros((1, 4, 5))}, r"mask of the picture's size. Received: 1 texts, 1 kinds, masks \(1, 4, 5\)"),
        ({"masks": np.zeros((2, 4, 6))}, r"1 texts, 1 kinds, masks \(2, 4, 6\)"),
        ({"kinds": ["a", "b"]}, "1 texts, 2 kinds"),
        ({"masks": np.full((1, 4, 6), 7)}, r"values below 2, or 255. Received: \[7\]"),
    ],
)
def test_parts_that_do_not_fit_together(options, message):
    source = Listed({"train": [example(1, **options)], "val": [example(2)]})
    with pytest.raises(ValueError, match=message):
        read_whole(source, "train", 0)
    assert [finding["where"] for finding in check_source(source).problems] == ["train.csv:1"]


def test_sources_that_check_all_masks_themselves(monkeypatch):
    def check_example(split, index):
        if index == 1:
            raise ValueError("the third mask is cut")

    monkeypatch.setattr(module, "MAX_TEXTS", 2)
    source = Listed({"train": [example(1, ["a", "b", "c"]), example(2)], "val": [example(3)]})
    asked, plain = [], source.example
    source.all_prompts = lambda split, index: [("a", "x"), ("b", "x"), ("c", "y")]
    source.example = lambda *place, num_prompts: asked.append(num_prompts) or plain(*place)
    source.check_example = check_example
    report = check_source(source)
    assert findings(report.problems) == [("bad record", "train.csv:2", "the third mask is cut")]
    assert asked == [2, 2] and report.phrases["kinds"] == {"x": 4, "y": 2}  # all texts are counted
    del source.check_example
    check_source(source)
    assert asked[2:] == [3, 3, 3]
    monkeypatch.setattr(module, "MAX_LISTED", 2)  # so the three must be made up
    report = check_source(source)
    assert asked[5:] == [module.NUM_TEXTS] * 3 and report.phrases["kinds"] == {"phrase": 5}


def test_duplicates():
    report = check_source(Listed({"train": [example(1), example(2)], "val": [example(3), example(2), example(3)]}))
    assert findings(report.problems) == [
        ("duplicate", "val.csv:2", "the same picture is in train: train.csv:2"),
    ]
    assert findings(report.warnings) == [("repeated picture", "val.csv:3", "the same picture as val.csv:1")]
    turned = [example(1, size=(4, 6)), example(1, size=(6, 4))]  # equal bytes, other pictures
    assert check_source(Listed({"train": turned, "val": [example(5)]})).warnings == []


def test_groups_that_splits_share():
    source = Listed({"train": [example(1), example(2)], "val": [example(3), example(4)], "test": [example(5)]})
    groups = {"train": ["a", "b"], "val": ["b", "b"], "test": [""]}
    source.group = lambda split, index: groups[split][index]
    assert findings(check_source(source).problems) == [("shared group", "val.csv:1", "its group 'b' is in train too")]


def test_empty_and_ignored_masks():
    empty, ignored = np.zeros((4, 6)), np.full((4, 6), 255)
    texts, kinds = ("a cat", "a dog", "a cow"), ("class", "absent", "class")
    masks = np.stack([empty, empty, np.ones((4, 6))])
    source = Listed(
        {"train": [example(1, texts, masks, kinds=kinds), example(2, masks=ignored[None])], "val": [example(3)]}
    )
    report = check_source(source)
    assert report.problems == [] and findings(report.warnings) == [
        ("empty mask", "train.csv:1", "the mask of 'a cat' is empty"),
        ("ignored mask", "train.csv:2", "every pixel is ignored"),
    ]
    captions = Listed({"train": [example(1, masks=empty[None])], "val": [example(2)]}, task="captions")
    assert check_source(captions).warnings == []


def test_odd_texts():
    texts = ["...", "red\x07car", "a \ufffd car", "word " * 1000, "ein Käfer, 车 🚗"]
    report = check_source(Listed({"train": [example(1, texts)], "val": [example(2)]}))
    assert [(finding["kind"], finding["message"][:9]) for finding in report.warnings] == [
        ("text", "'...' hol"),
        ("text", "'red\\x07c"),
        ("text", "'a \ufffd car'"),
        ("text", "'word wor"),
    ]
    assert "more than the 4096 bytes" in report.warnings[3]["message"] and report.problems == []


def test_splits_files_and_vocabularies():
    source = Listed({"test": [example(1)]})
    source.unused_files = [pathlib.Path("b.png")]
    report = check_source(source)
    assert findings(report.warnings) == [
        ("split", "", "training needs a split train"),
        ("unused file", "b.png", "belongs to no pair of picture and mask"),
    ]
    assert report.phrases["vocabulary_size"] == 2 and report.phrases["unknown_words"] == {}

    only = findings(check_source(Listed({"train": [example(1)]})).warnings)
    assert only == [("split", "", "training needs a split val or test to be scored on")]

    source = Listed({"train": [example(1)], "val": [example(2)]})
    source.prompts = lambda split: 1 / 0
    assert findings(check_source(source).problems) == [("prompts", "train", "division by zero")]


def test_limit_and_progress():
    source, calls = ShapesSource((32, 32), num_train=200, num_val=3, num_test=3), []
    report = check_source(source, limit=100, progress=lambda *numbers: calls.append(numbers))
    assert [found["read"] for found in report.splits.values()] == [100, 3, 3]
    assert calls == [(number, 106) for number in range(1, 107)]
    assert report.limit == 100 and report.splits["train"]["pictures"] == 200
    with pytest.raises(ValueError, match="at least 1. Received: limit=0"):
        check_source(source, limit=0)


def test_many_findings_are_counted(monkeypatch):
    monkeypatch.setattr(module, "MAX_FINDINGS", 3)
    report = check_source(Listed({"train": [ValueError("cut")] * 9, "val": [example(1)]}))
    assert len(report.problems) == 3 and report.counts == {"bad record": 9}
    assert "9 problems:" in str(report)


def test_records_without_a_place_have_a_number():
    assert where_of(ShapesSource((32, 32)), "val", 3) == "val[3]"


@settings(max_examples=60, deadline=None)
@given(st.text(ALPHABET, max_size=30))
def test_words_are_those_of_the_tokenizer(text):
    try:
        expected = set(PromptTokenizer.adapt([text]).vocabulary)
    except ValueError as error:  # no words at all
        assert "at least one word" in str(error)
        expected = set()
    assert set(words_of(text)) == expected


@pytest.mark.parametrize(
    "name, counts", [("camvid", {"train": 367, "val": 101}), ("facade", {"train": 100, "test": 120})]
)
def test_real_folders(name, counts):
    from kmm.data.from_class_masks import from_class_masks

    if not (DATA / name).is_dir():
        pytest.skip("the data are not beside the repository")
    report = check_source(from_class_masks(DATA / name, task="semantic"), limit=8)
    assert {split: found["pictures"] for split, found in report.splits.items()} == counts and not report.problems
