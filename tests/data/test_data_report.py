import json

import pytest

from kmm.data.data_report import LISTED, DataReport


def make():
    return DataReport(
        name="street",
        task="semantic",
        limit=5,
        splits={
            "train": {"pictures": 12, "read": 5, "bad": 1, "texts": 16, "height": [4, 6.5, 8], "width": [9, 9.0, 9]},
            "val": {"pictures": 0, "read": 0, "bad": 0, "texts": 0, "height": [], "width": []},
        },
        classes=[{"name": "sky", "pixels": 75, "share": 0.75, "pictures": {"train": 4, "val": 0}}],
        ignored_share=0.125,
        phrases={
            "texts": 16,
            "distinct": 9,
            "length": [1, 2.5, 7],
            "kinds": {"class": 10, "size": 6},
            "frequent_words": [("the", 11), ("sky", 3)],
            "vocabulary_size": 8,
            "unknown_words": {"val": [f"word{index}" for index in range(22)], "test": []},
        },
        problems=[{"kind": "bad record", "where": "a.png", "message": "cut"}],
        warnings=[{"kind": "split", "where": "", "message": "no val"}],
        counts={"bad record": 1, "split": 1},
    )


def test_table():
    assert str(make()).split("\n\n") == [
        "street (semantic)\nonly the first 5 pictures of each split were read",
        "split  pictures  bad  texts   height  width\n"
        "train        12    1     16  4/6.5/8  9/9/9\n"
        "val           0    0      0        -      -\n"
        "height and width: smallest/median/largest",
        "class  pixels   share  in train  in val\n"
        "sky        75  75.00%         4       0\n"
        "12.50% of all pixels are ignored",
        "texts read: 16, 9 different, of 1 to 7 words, median 2.5\nkinds: class 10, size 6\n"
        "frequent words: the 11, sky 3\nvocabulary: 8 words\n"
        f"words of val that train does not hold: 22: {', '.join(f'word{index}' for index in range(20))} and 2 more\n"
        "words of test that train does not hold: 0",
        "1 problem:\n  a.png: cut",
        "1 warning:\n  no val",
    ]


def test_json_holds_everything():
    content = json.loads(make().to_json())
    assert content["splits"]["train"]["height"] == [4, 6.5, 8] and content["limit"] == 5
    assert content["problems"] == [{"kind": "bad record", "where": "a.png", "message": "cut"}]
    assert set(content) == set(vars(make()))


def test_nothing_wrong():
    assert str(DataReport("street", "referring")) == "street (referring)\n\nno problems"


@pytest.mark.parametrize("count", [LISTED, LISTED + 1, 5000])
def test_long_lists_are_cut_and_counted(count):
    problems = [{"kind": "bad record", "where": f"{index}.png", "message": "cut"} for index in range(min(count, 1000))]
    problems.append({"kind": "duplicate", "where": "b.png", "message": "again"})
    lines = str(DataReport("x", "referring", problems=problems, counts={"bad record": count, "duplicate": 1})).split(
        "\n"
    )
    assert f"{count + 1} problems:" in lines and "  b.png: again" in lines
    more = [line for line in lines if "more of kind" in line]
    assert more == ([] if count == LISTED else [f"  ... and {count - LISTED} more of kind 'bad record'"])
