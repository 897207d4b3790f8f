import json

import numpy as np
import pytest
import tensorflow as tf

from kmm.data import RecordSource
from kmm.data.record import Record
from kmm.data.record_shards import RecordShards, read_manifest


def test_every_record_by_its_number(records):
    shards = RecordShards(records, read_manifest(records), "train")
    assert shards.count == 7
    read = tf.function(shards.read, input_signature=[tf.TensorSpec((), tf.int64)])
    for index in (6, 0, 3, 1, 2, 5, 4):
        assert Record.from_bytes(read(tf.constant(index, tf.int64)).numpy()).key == f"picture {index}"
    assert shards.where(4).endswith("tiny-train-00002.tfrecord, record 0")
    shards.check()


def damage_size(path):
    shard = path / "tiny-train-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-20])


def damage_header(path):
    shard = path / "tiny-train-00001.tfrecord"
    offsets = np.load(shard.with_suffix(".offsets.npy"))
    shard.write_bytes(shard.read_bytes()[: offsets[1] + 6])


def empty(path):
    (path / "tiny-train-00001.tfrecord").write_bytes(b"")


def remove(path):
    (path / "tiny-train-00001.tfrecord").unlink()


def remove_offsets(path):
    (path / "tiny-train-00001.offsets.npy").unlink()


def wrong_offsets(path):
    np.save(path / "tiny-train-00001.offsets.npy", np.array([0, 5]))


def no_manifest(path):
    (path / "manifest.json").unlink()


def bad_manifest(path):
    (path / "manifest.json").write_text("{")


def other_format(path):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "format": "other/9"}))


@pytest.mark.parametrize(
    "damage, message",
    [
        (damage_size, "must have the size.*tiny-train-00001.tfrecord"),
        (damage_header, "must have the size.*tiny-train-00001.tfrecord"),
        (empty, "must have the size.*0 bytes at .*tiny-train-00001.tfrecord"),
        (remove, "must have the size.*no file at .*tiny-train-00001.tfrecord"),
        (remove_offsets, "must have its offsets.*tiny-train-00001.offsets.npy"),
        (wrong_offsets, "offsets must fit.*tiny-train-00001.offsets.npy"),
        (no_manifest, "readable manifest.json"),
        (bad_manifest, "readable manifest.json"),
        (other_format, "format 'kmm-records/1'.*other/9"),
    ],
)
def test_damaged_folders_are_refused(records, damage, message):
    damage(records)
    with pytest.raises(ValueError, match=message):
        RecordSource(records)


def flip_a_bit(path, position):
    shard = path / "tiny-train-00001.tfrecord"
    content = bytearray(shard.read_bytes())
    content[position] ^= 1
    shard.write_bytes(bytes(content))


@pytest.mark.parametrize("position", [3, 40, 200])
def test_one_flipped_bit_is_found_by_reading_and_by_check(records, position):
    flip_a_bit(records, position)
    source = RecordSource(records)
    assert source.example("train", 0).prompts  # the others stay readable
    assert source.example("train", 3).prompts
    with pytest.raises(tf.errors.DataLossError):
        source.example("train", 2)
    with pytest.raises(ValueError, match="SHA-256.*tiny-train-00001.tfrecord"):
        source.check()
