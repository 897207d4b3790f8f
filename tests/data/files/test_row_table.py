import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmm.data.files.bad_entry import BadEntry
from kmm.data.files.json_lines import JsonLines
from kmm.data.files.row_table import RowTable, shared_out


def row(image, prompt="a", **more):
    return {"image": image, "prompt": prompt, "mask": None, **more}


def table_of(path, rows, **options):
    path.write_text("".join(f"{json.dumps(item)}\n" for item in rows))
    return RowTable(JsonLines(path), **options)


def test_rows_with_the_same_picture_are_its_phrases(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        row("b.png", "1"),
        row("a.png", "2"),
        row("./b.png", "3"),
        row("c.png", "4"),
        row("b.png", "5", mask="m.png"),
    ]
    entries = table_of(path, rows).entries("test")["test"]
    assert [entry.image for entry in entries] == [os.path.join(tmp_path, name) for name in ("b.png", "a.png", "c.png")]
    assert [[text for text, _ in entry.texts] for entry in entries] == [["1", "3", "5"], ["2"], ["4"]]
    assert [entry.where for entry in entries] == [f"{path}:1", f"{path}:2", f"{path}:4"]
    assert [phrase.where for phrase in entries[0].phrases] == [f"{path}:1", f"{path}:3", f"{path}:5"]
    assert entries[0].phrases[2].mask.file == os.path.join(tmp_path, "m.png")
    for index in (3, -1):
        with pytest.raises(IndexError, match=f"pictures 0 to 2. Received: index={index}"):
            entries[index]


def test_folders_of_pictures_and_masks(tmp_path):
    table = table_of(tmp_path / "a.jsonl", [row("1.png", mask="1.png")], images="imgs", masks=tmp_path / "m")
    entry = table.entries("train")["train"][0]
    assert entry.image == os.path.join("imgs", "1.png")
    assert entry.phrases[0].mask.file == str(tmp_path / "m" / "1.png")


def test_splits_of_rows(tmp_path):
    rows = [
        row("1.png", split="test"),
        row("2.png", split="valid"),
        row("1.png", split="val"),
        row("3.png", split="test"),
    ]
    entries = table_of(tmp_path / "a.jsonl", rows).entries()
    assert {split: [os.path.basename(entry.image) for entry in found] for split, found in entries.items()} == {
        "test": ["1.png", "3.png"],
        "val": ["2.png", "1.png"],
    }
    with pytest.raises(ValueError, match="a.jsonl:2: A row must be of the split of its file, 'test'. .* split='val'"):
        table_of(tmp_path / "a.jsonl", rows).entries("test")
    with pytest.raises(
        ValueError, match="a.jsonl:3: Either all rows have a `split` or none. .* none here, but earlier"
    ):
        table_of(tmp_path / "a.jsonl", [*rows[:2], row("4.png")]).entries()
    with pytest.raises(ValueError, match="a.jsonl:2: Either all .* one here, but earlier ones have none"):
        table_of(tmp_path / "a.jsonl", [row("4.png"), rows[0]]).entries()


def test_pictures_are_shared_out_whole(tmp_path):
    rows = [row(f"{number % 50}.png", str(number)) for number in range(200)]
    entries = table_of(tmp_path / "a.jsonl", rows).entries(val_share=0.3)
    names = {split: {entry.image for entry in found} for split, found in entries.items()}
    assert len(names["train"] | names["val"]) == 50 and not names["train"] & names["val"]
    assert 5 <= len(names["val"]) <= 25
    assert all(len(entry.phrases) == 4 for found in entries.values() for entry in found)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    again = table_of(moved / "b.jsonl", rows[::-1]).entries(val_share=0.3)
    for split, found in names.items():
        assert {os.path.basename(name) for name in found} == {os.path.basename(entry.image) for entry in again[split]}


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(min_size=1, max_size=4), min_size=1, max_size=20), st.floats(0, 0.99))
def test_sharing_out(names, val_share):
    names = sorted(names)
    numbers = shared_out(names, val_share)
    if val_share == 0 or len(names) == 1:
        assert not numbers.any()
    else:
        assert 0 < numbers.sum() < len(names)
    if 2 < len(names) and 1 < numbers.sum() < len(names) - 1:  # else one picture was moved to have both splits
        np.testing.assert_array_equal(shared_out(names[:-1], val_share), numbers[:-1])


def test_shares():
    numbers = shared_out([f"{number}.jpg" for number in range(5000)], 0.1)
    assert abs(numbers.mean() - 0.1) < 0.02
    for share in (-0.1, 1):
        with pytest.raises(ValueError, match=rf"`val_share` must be in \[0, 1\). Received: val_share={share}"):
            shared_out(["a", "b"], share)


def test_ids_are_unique_within_a_split(tmp_path):
    rows = [row("1.png", id="a"), row("2.png", id="b"), row("3.png"), row("4.png", id="a")]
    with pytest.raises(
        ValueError, match="a.jsonl:4: An `id` must be unique within its split. Received: the one of line 1 again"
    ):
        table_of(tmp_path / "a.jsonl", rows).entries("train")
    rows = [row("1.png", id=1, split="train"), row("2.png", id=1, split="val")]
    assert set(table_of(tmp_path / "a.jsonl", rows).entries()) == {"train", "val"}


def test_bad_rows_are_named(tmp_path):
    with pytest.raises(ValueError, match="a.jsonl:2: A row needs an `image`"):
        table_of(tmp_path / "a.jsonl", [row("1.png"), {"prompt": "a"}]).entries("train")
    with pytest.raises(ValueError, match="must have rows. Received: none in .*a.jsonl"):
        table_of(tmp_path / "a.jsonl", []).entries("train")


def test_bad_rows_are_counted(tmp_path):
    rows = [row("1.png", id=1), row("2.png", prompt=""), row("3.png", id=1), row("4.png")]
    with pytest.raises(ValueError, match=r"a.jsonl:2: A prompt .* blank.* 1 more rows are bad\.$"):
        table_of(tmp_path / "a.jsonl", rows).entries("train")


def test_bad_rows_are_kept_where_they_are_wanted(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        row("1.png", id=1),
        row("1.png", prompt=""),
        row("1.png", id=1),
        row("1.png", "b"),
        row("2.png", split="val"),
    ]
    table = table_of(path, rows, keep_bad=True)
    good, *bad = table.entries("train")["train"]
    assert [text for text, _ in good.texts] == ["a", "b"]
    assert [entry.where for entry in bad] == [f"{path}:2", f"{path}:3", f"{path}:5"]
    for entry, message in zip(
        bad, ("not be blank", "the one of line 1 again", "of the split of its file"), strict=True
    ):
        assert isinstance(entry, BadEntry) and message in entry.message and str(path) not in entry.message
    entries = table.entries(val_share=0)  # the last row has a split, which the first has not
    assert set(entries) == {"train"} and len(entries["train"]) == 4
    entries = table_of(path, [row("1.png", split="dev"), {}], keep_bad=True).entries()
    assert {split: len(found) for split, found in entries.items()} == {"val": 2}
    entries = table_of(path, [{}, {}], keep_bad=True).entries()
    assert {split: len(found) for split, found in entries.items()} == {"train": 2}


def test_a_row_takes_little_memory(tmp_path):
    rows = [row(f"{number}.png", "a dog " * 40) for number in range(2000)]
    entries = table_of(tmp_path / "a.jsonl", rows).entries("train")["train"]
    held = sum(values.nbytes for values in (*entries._places, entries._first))
    assert held <= 24 * 2000 + 8
