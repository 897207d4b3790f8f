import os

import pytest

from kmm.data.files.mask_spec import MaskSpec
from kmm.data.files.read_row import read_row

PLAIN = {"image": "1.jpg", "prompt": "a dog"}
POLYGONS, RLE = [[0, 0, 4, 0, 4, 4]], {"size": [4, 6], "counts": [24]}


def test_all_fields():
    row = {
        **PLAIN,
        "segmentation_mask": "1.png",
        "class_id": 7,
        "split": "test",
        "kind": "relation",
        "id": 3,
        "more": {},
    }
    image, phrase, split, key = read_row(row, "a.jsonl:1", "masks")
    assert (image, split, key) == ("1.jpg", "test", 3)
    assert (phrase.texts, phrase.kind, phrase.where) == (("a dog",), "relation", "a.jsonl:1")
    assert phrase.mask == MaskSpec(file=os.path.join("masks", "1.png"), class_id=7)


@pytest.mark.parametrize(
    "fields, mask",
    [
        ({"segmentation_mask": "1.png"}, MaskSpec(file="1.png")),
        ({"mask": "1.png", "class_id": 0}, MaskSpec(file="1.png", class_id=0)),
        ({"segmentation_mask": {"path": "1.png", "class_id": 7}}, MaskSpec(file="1.png", class_id=7)),
        ({"segmentation_mask": {"path": "1.png"}, "class_id": 7}, MaskSpec(file="1.png", class_id=7)),
        ({"segmentation_mask": POLYGONS}, MaskSpec(polygons=POLYGONS)),
        ({"segmentation_mask": RLE}, MaskSpec(rle=RLE)),
        ({"polygons": POLYGONS}, MaskSpec(polygons=POLYGONS)),
        ({"polygons": POLYGONS, "size": [4, 6]}, MaskSpec(polygons=POLYGONS, size=(4, 6))),
        ({"rle": RLE, "polygons": None}, MaskSpec(rle=RLE)),
        ({"segmentation_mask": None}, None),
        ({"segmentation_mask": []}, None),
        ({"polygons": []}, None),
        ({"mask": ""}, None),
    ],
)
def test_forms_of_masks(fields, mask):
    assert read_row({**PLAIN, **fields})[1].mask == mask


def test_wordings():
    row = {"image": "1.jpg", "prompts": ["a dog", "the dog"], "prompt": None, "mask": None}
    assert read_row(row)[1].texts == ("a dog", "the dog")


@pytest.mark.parametrize(
    "split, expected", [("validation", "val"), ("valid", "val"), ("dev", "val"), ("testA", "testA")]
)
def test_words_for_splits(split, expected):
    assert read_row({**PLAIN, "mask": None, "split": split})[2] == expected


@pytest.mark.parametrize(
    "row, error, message",
    [
        ([1], TypeError, r"A row must be an object such as .*Received: \[1\]"),
        ({"prompt": "a"}, ValueError, r"needs an `image`. Received: fields \['prompt'\]. Write .*images/1.jpg"),
        ({"image": 3}, TypeError, "`image` must be a text that is not blank. Received: image=3"),
        ({"image": " "}, TypeError, "`image` must be a text that is not blank"),
        ({"image": "a\0b"}, TypeError, "`image` must be a text"),
        ({"image": "1.jpg"}, ValueError, "needs a `prompt`.*Received: neither, fields"),
        ({**PLAIN, "prompts": ["b"]}, ValueError, r"needs a `prompt`.*Received: \['prompt', 'prompts'\]"),
        (
            {"image": "1.jpg", "prompts": "b"},
            TypeError,
            "`prompts` must be a list of texts, not empty. Received: .*'b'",
        ),
        ({"image": "1.jpg", "prompts": []}, TypeError, "`prompts` must be a list of texts, not empty"),
        ({"image": "1.jpg", "prompts": [3], "mask": None}, TypeError, "must be texts. Received: 3"),
        ({**PLAIN, "prompt": "", "mask": None}, ValueError, "must not be blank"),
        (PLAIN, ValueError, "needs one mask: .*null if the prompt names nothing. Received: none"),
        ({**PLAIN, "mask": "1.png", "rle": RLE}, ValueError, r"needs one mask.*Received: \['mask', 'rle'\]"),
        ({**PLAIN, "mask": 3}, TypeError, "`mask` must be a path. Received: mask=3"),
        ({**PLAIN, "mask": "a\0"}, TypeError, "`mask` must be a path"),
        ({**PLAIN, "mask": {"path": 3}}, TypeError, "`mask` must be a path. Received: mask=3"),
        ({**PLAIN, "polygons": "[]"}, TypeError, r"`polygons` must be \[\[x1, y1"),
        ({**PLAIN, "rle": [1]}, TypeError, '`rle` must be {"size"'),
        (
            {**PLAIN, "rle": RLE, "class_id": 3},
            TypeError,
            "belong to a mask in a file. Received: class_id=3 beside `rle`",
        ),
        ({**PLAIN, "mask": "1.png", "class_id": "3"}, TypeError, "`class_id` must be a whole number.*class_id='3'"),
        ({**PLAIN, "mask": "1.png", "class_id": True}, TypeError, "`class_id` must be a whole number"),
        ({**PLAIN, "polygons": POLYGONS, "size": [4]}, TypeError, r"`size` must be \[height, width\].*size=\[4\]"),
        ({**PLAIN, "polygons": POLYGONS, "size": [0, 4]}, TypeError, "`size` must be"),
        ({**PLAIN, "mask": None, "id": 1.5}, TypeError, "`id` must be a text or a whole number. Received: id=1.5"),
        ({**PLAIN, "mask": None, "split": 3}, TypeError, "`split` must be a text"),
        ({**PLAIN, "mask": None, "kind": ""}, TypeError, "`kind` must be a text"),
    ],
)
def test_bad_rows(row, error, message):
    with pytest.raises(error, match=message):
        read_row(row)
