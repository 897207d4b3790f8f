import dataclasses
import hashlib
import json
import struct
import weakref

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from data_pipelines import shard_writer
from data_pipelines.shard_writer import items_of_shards, plan_shards, write_manifest, write_shard
from kmm.data.record import Record


@dataclasses.dataclass
class Numbers:
    """Records without pictures, numbered; `-1` fails."""

    splits_of: dict
    name: str = "kmm_numbers"
    task: str = "captions"
    class_list = None
    description = homepage = citation = license = "äöü"

    def items(self, manual_dir, split):
        yield from self.splits_of[split]

    def record(self, item):
        key, picture, group = item if isinstance(item, tuple) else (item, item, "")
        if key == -1:
            raise ValueError("no such number.")
        return Record(str(key), f"picture {picture}".encode() * 50, ("a", "b"), (-1, -1), group=group)


def write_all(data_set, folder, num_shards=None, max_bad_share=0.0):
    """All shards and the manifest, as `build` does it; returns the report."""
    shards = []
    for split, items in data_set.splits_of.items():
        shards += plan_shards(data_set.name, split, len(items), num_shards, max_bad_share)
    for shard, items in items_of_shards(data_set, "", shards):
        write_shard(data_set, shard, items, folder)
    return write_manifest(data_set, shards, folder)


def read_tfrecord(path):
    """Offsets and payloads by the format's definition, and the file's size."""
    content, offsets, payloads = path.read_bytes(), [], []
    position = 0
    while position < len(content):
        (length,) = struct.unpack_from("<Q", content, position)
        offsets.append(position)
        payloads.append(content[position + 12 : position + 12 + length])
        position += 16 + length
    return [*offsets, position], payloads


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(st.integers(1, 5000), st.none() | st.integers(1, 40), st.floats(0, 1))
def test_shards_cover_the_split_once(num_items, num_shards, share):
    shards = plan_shards("kmm_x", "train", num_items, num_shards, share)
    assert [i for shard in shards for i in range(shard.start, shard.stop)] == list(range(num_items))
    sizes = [shard.stop - shard.start for shard in shards]
    assert max(sizes) - min(sizes) <= 1 and min(sizes) >= 1
    assert len(shards) == (min(num_shards, num_items) if num_shards else -(-num_items // 1000))
    assert {shard.max_bad for shard in shards} == {min(int(share * num_items), num_items - 1)}
    assert [shard.file for shard in shards][-1] == f"kmm_x-train-{len(shards) - 1:05d}-of-{len(shards):05d}.tfrecord"


def test_plan_errors():
    with pytest.raises(ValueError, match="A split must have items. Received: none in split 'val' of kmm_x"):
        plan_shards("kmm_x", "val", 0)
    with pytest.raises(ValueError, match="at least one shard. Received: num_shards=0"):
        plan_shards("kmm_x", "val", 3, 0)
    for share in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"must lie in \[0, 1\]. Received: "):
            plan_shards("kmm_x", "val", 3, max_bad_share=share)


def test_files_are_as_the_manifest_says(tmp_path):
    data_set = Numbers({"train": range(5), "val": range(10, 12)})
    write_all(data_set, tmp_path, num_shards=2)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest["splits"]) == ["train", "val"]
    assert {name: value for name, value in manifest.items() if name != "splits"} == {
        "format": "kmm-records/1",
        "name": "kmm_numbers",
        "task": "captions",
        "class_list": None,
        **dict.fromkeys(("description", "homepage", "citation", "license"), "äöü"),
    }
    expected_files = {"manifest.json", "report.json"}
    for split, listed in manifest["splits"].items():
        keys = []
        for shard in listed["shards"]:
            path = tmp_path / shard["file"]
            offsets, payloads = read_tfrecord(path)
            saved = np.load(path.with_suffix("").with_suffix(".offsets.npy"))
            assert saved.dtype == "int64" and saved.tolist() == offsets
            assert shard["num_examples"] == len(payloads)
            assert shard["num_bytes"] == path.stat().st_size == offsets[-1]
            assert shard["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert payloads == [bytes(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
            keys += [Record.from_bytes(payload).key for payload in payloads]
            expected_files |= {path.name, path.name.replace("tfrecord", "offsets.npy")}
        assert keys == [str(number) for number in data_set.splits_of[split]], "in the order of the items"
        assert listed["num_examples"] == len(keys) and listed["num_prompts"] == 2 * len(keys)
    assert {path.name for path in tmp_path.iterdir()} == expected_files


def test_a_shard_may_be_written_twice_and_by_halves(tmp_path, read_folder):
    """As runners do that repeat or double a piece of work."""
    data_set = Numbers({"train": range(3)})
    (shard,) = plan_shards("kmm_numbers", "train", 3)
    with pytest.raises(ValueError, match="Received: 2 instead of 3 for kmm_numbers-train-00000-of-00001.tfrecord"):
        write_shard(data_set, shard, range(2), tmp_path)
    for _ in range(2):
        write_shard(data_set, shard, range(3), tmp_path)
    write_manifest(data_set, [shard], tmp_path)
    (tmp_path / "once").mkdir()
    write_all(data_set, tmp_path / "once")
    once = read_folder(tmp_path / "once")
    assert {name: content for name, content in read_folder(tmp_path).items() if "/" not in name} == once


def test_records_are_not_collected(tmp_path):
    """However long the list, few items and records exist at a time."""

    class Item:
        pass

    class Watched(Numbers):
        alive = peak = 0

        def watch(self, thing):
            self.alive += 1
            self.peak = max(self.peak, self.alive)
            weakref.finalize(thing, self.forget)
            return thing

        def forget(self):
            self.alive -= 1

        def items(self, manual_dir, split):
            for number in range(500):
                item = self.watch(Item())
                item.number = number
                yield item

        def record(self, item):
            return self.watch(super().record(item.number))

    data_set = Watched({"train": range(500)})
    write_all(data_set, tmp_path, num_shards=3)
    assert 2 <= data_set.peak <= 6


def test_same_items_each_time():
    shards = plan_shards("kmm_numbers", "train", 3)
    with pytest.raises(ValueError, match="the same items each time. Received: 2 more for split 'train'"):
        for _, items in items_of_shards(Numbers({"train": range(5)}), "", shards):
            list(items)


def test_bad_items_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Received: item 3 of split 'train', -1: no such number. Repair it"):
        write_all(Numbers({"train": [0, 1, 2, -1, 4]}), tmp_path, num_shards=2)


def test_bad_items_are_skipped_and_listed(tmp_path):
    report = write_all(Numbers({"train": [0, -1, 2, 3, -1, 5], "val": [7]}), tmp_path, 2, max_bad_share=0.34)
    assert report["splits"]["train"] == {"num_items": 6, "num_examples": 4, "num_prompts": 8}
    lines = [json.loads(line) for line in (tmp_path / "bad_records.jsonl").read_text().splitlines()]
    about = {"split": "train", "item": "-1", "error": "no such number."}
    assert lines == [{**about, "index": 1}, {**about, "index": 4}]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [shard["num_examples"] for shard in manifest["splits"]["train"]["shards"]] == [2, 2]
    offsets, _ = read_tfrecord(tmp_path / "kmm_numbers-train-00000-of-00002.tfrecord")
    assert np.load(tmp_path / "kmm_numbers-train-00000-of-00002.offsets.npy").tolist() == offsets


def test_missing_files_count_as_bad(tmp_path):
    class Gone(Numbers):
        def record(self, item):
            raise FileNotFoundError("picture.jpg is missing.") if item == 1 else PermissionError("locked.")

    with pytest.raises(
        ValueError, match="At most 1 items .* Received: 2, the last of them item 1 .* picture.jpg is mis"
    ):
        write_all(Gone({"train": [0, 1, 2]}), tmp_path, max_bad_share=0.5)


def test_ceiling_counts_all_shards_of_a_split(tmp_path):
    """Each shard stays below the ceiling; together they do not."""
    with pytest.raises(ValueError, match="At most 1 items of the split may fail. Received: 2, .* item 4 .* --max-bad"):
        write_all(Numbers({"train": [0, -1, 2, 3, -1, 5]}), tmp_path, 2, max_bad_share=0.2)


def test_never_are_all_left_out(tmp_path):
    with pytest.raises(ValueError, match="At most 1 items"):
        write_all(Numbers({"train": [-1, -1]}), tmp_path, max_bad_share=1.0)


def test_a_bug_is_no_bad_item(tmp_path):
    class Wrong(Numbers):
        def record(self, item):
            return "a text"

    with pytest.raises(TypeError, match="must give a Record. Received: str"):
        write_all(Wrong({"train": [1, 2]}), tmp_path, max_bad_share=0.5)


def test_short_writes_are_noticed(tmp_path, monkeypatch):
    class Lossy(tf.io.TFRecordWriter):
        def write(self, record):
            super().write(record[:-1])

    monkeypatch.setattr(tf.io, "TFRecordWriter", Lossy)
    with pytest.raises(OSError, match="must have .* bytes. Received: .* Is the disk full"):
        write_all(Numbers({"train": [1, 2]}), tmp_path)


@pytest.mark.parametrize("hashes_at_a_time", [2, 2**20])
def test_keys_that_occur_twice(tmp_path, monkeypatch, hashes_at_a_time):
    monkeypatch.setattr(shard_writer, "HASHES_AT_A_TIME", hashes_at_a_time)
    with pytest.raises(ValueError, match=r"1 keys that occur more often in split 'val', such as \['3'\]"):
        write_all(Numbers({"train": [3, 4], "val": [3, 4, 5, 6, 3, 7]}), tmp_path, num_shards=3)


def test_equal_hashes_of_different_keys_are_no_duplicates(tmp_path, monkeypatch):
    monkeypatch.setattr(shard_writer, "_hash", lambda value: 5)
    report = write_all(Numbers({"train": range(4)}), tmp_path)
    assert report["splits"]["train"]["num_examples"] == 4


@pytest.mark.parametrize("hashes_at_a_time", [2, 2**20])
def test_overlaps_of_splits(tmp_path, monkeypatch, hashes_at_a_time):
    monkeypatch.setattr(shard_writer, "HASHES_AT_A_TIME", hashes_at_a_time)
    train = [("a", 1, "film 1"), ("b", 2, ""), ("c", 3, "film 2"), ("d", 4, "film 2"), ("e", 4, "film 4")]
    val = [("v", 4, "film 2"), ("w", 3, "film 1"), ("x", 3, "")]
    test = [("y", 50, "film 9"), ("d", 51, "")]
    report = write_all(Numbers({"train": train, "val": val, "test": test}), tmp_path, num_shards=2)
    assert report["overlaps"] == [
        {"what": "keys", "splits": ["train", "test"], "different": 1, "example": "d"},
        {"what": "pictures", "splits": ["train", "val"], "different": 2, "example": report["overlaps"][1]["example"]},
        {"what": "groups", "splits": ["train", "val"], "different": 2, "example": report["overlaps"][2]["example"]},
    ]
    assert report["overlaps"][1]["example"] in ("c", "d") and report["overlaps"][2]["example"] in ("a", "c")
    assert json.loads((tmp_path / "report.json").read_text()) == report
