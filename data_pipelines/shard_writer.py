"""Writing records as shards: TFRecord files with their offsets and checksums, and the manifest that lists them."""

import collections
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import uuid

import numpy as np
import tensorflow as tf

from kmm.data.record import FORMAT, MANIFEST, Record

RECORDS_PER_SHARD = 1000
REPORT, BAD_RECORDS = "report.json", "bad_records.jsonl"

LENGTH_BYTES, FRAMING_BYTES = 12, 16
"""In a TFRecord file: what stands before a record, its length and a checksum; and that with the checksum behind it."""

HASHED = ("keys", "pictures", "groups")
"""The rows of a shard's array of 8-byte hashes. The hash of no group is 0."""

HASHES_AT_A_TIME = 2**18

SAME_ITEMS = "A data set must give the same items each time."


@dataclasses.dataclass(frozen=True)
class Shard:
    """One shard to be written: the items `start` to `stop` of a split, in the order in which the data set gives them.

    Args:
        split: name of the split.
        file: name of the TFRecord file.
        start: index of the first item in the split.
        stop: index after that of the last item.
        max_bad: how many items of the whole split may fail.
    """

    split: str
    file: str
    start: int
    stop: int
    max_bad: int = 0


def plan_shards(name, split, num_items, num_shards=None, max_bad_share=0.0):
    """The shards of a split: runs of neighbouring items, of equal length give or take one.

    Args:
        name: the data set's name.
        split: the split's name.
        num_items: how many items it has.
        num_shards: how many shards, at most one for each item; `None` gives one for 1,000 items.
        max_bad_share: share of the items that may fail; never all of them.

    Returns:
        list of `Shard`.

    Raises:
        ValueError: if there are no items, or a number is out of range.

    Example:

    >>> [(shard.file, shard.start, shard.stop) for shard in plan_shards("kmm_cars", "val", 5, 2)]
    [('kmm_cars-val-00000-of-00002.tfrecord', 0, 2), ('kmm_cars-val-00001-of-00002.tfrecord', 2, 5)]
    """
    if num_items < 1:
        raise ValueError(f"A split must have items. Received: none in split {split!r} of {name}. Complete the folder.")
    if num_shards is not None and num_shards < 1:
        raise ValueError(f"There must be at least one shard. Received: num_shards={num_shards}. Give 1 or more.")
    if not 0.0 <= max_bad_share <= 1.0:
        raise ValueError(f"The share that may fail must lie in [0, 1]. Received: {max_bad_share}. 0.01 is 1 %.")
    count = min(num_shards or -(-num_items // RECORDS_PER_SHARD), num_items)
    bounds = [num_items * i // count for i in range(count + 1)]
    files = [f"{name}-{split}-{i:05d}-of-{count:05d}.tfrecord" for i in range(count)]
    max_bad = min(int(max_bad_share * num_items), num_items - 1)
    return [Shard(split, file, *ends, max_bad) for file, ends in zip(files, itertools.pairwise(bounds), strict=True)]


def items_of_shards(data_set, manual_dir, shards):
    """Pairs of a shard and the iterator of its items; each must be used up before the next pair is taken.

    Args:
        data_set: gives `items(manual_dir, split)`.
        manual_dir: folder of the owner's files.
        shards: list of `Shard`, those of a split in order.

    Returns:
        iterator.

    Raises:
        ValueError: if a split has more items than its shards hold.
    """
    for split, own in itertools.groupby(shards, lambda shard: shard.split):
        items = iter(data_set.items(manual_dir, split))
        for shard in own:
            yield shard, itertools.islice(items, shard.stop - shard.start)
        if more := sum(1 for _ in items):
            raise ValueError(f"{SAME_ITEMS} Received: {more} more for split {split!r}. Leave the folder alone.")


def write_shard(data_set, shard, items, folder, on_record=None):
    """Makes the records of one shard and writes them, one at a time.

    Beside `X.tfrecord` it writes `X.offsets.npy` and, for `write_manifest`, `X.summary.json` and `X.hashes.npy`. Each
    appears under its name only when it is complete and on the disk, so that a runner may write a shard twice.

    Args:
        data_set: gives `record(item)`.
        shard: the `Shard`.
        items: iterable of its items.
        folder: where to write.
        on_record: called without arguments after each item.

    Raises:
        TypeError: if `data_set.record` gives no `Record`.
        ValueError: if more items fail than may, or there are fewer than the shard holds.
    """
    path = pathlib.Path(folder) / shard.file
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    lengths, hashes, bad, num_items, num_prompts = [], [], [], 0, 0
    with tf.io.TFRecordWriter(str(unfinished)) as writer:
        for item in items:
            try:
                record = data_set.record(item)
                if not isinstance(record, Record):
                    raise TypeError(
                        f"`record` must give a Record. Received: {type(record).__name__} from {data_set!r}."
                    )
                content = record.to_bytes()
            except (ValueError, OSError) as error:
                index = shard.start + num_items
                bad.append({"split": shard.split, "index": index, "item": repr(item)[:500], "error": str(error)})
                if len(bad) > shard.max_bad:
                    raise ValueError(_too_many_bad(shard, len(bad), bad[-1])) from error
            else:
                writer.write(content)
                lengths.append(FRAMING_BYTES + len(content))
                hashes.append([_hash(record.key), _hash(record.image_bytes), _hash(record.group)])
                num_prompts += len(record.prompts)
            num_items += 1
            if on_record is not None:
                on_record()
    if num_items != shard.stop - shard.start:
        raise ValueError(
            f"{SAME_ITEMS} Received: {num_items} instead of {shard.stop - shard.start} for {shard.file}. "
            "Leave the folder alone while it is read."
        )
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    with open(unfinished, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        num_bytes = file.tell()
        os.fsync(file.fileno())
    if num_bytes != offsets[-1]:
        raise OSError(f"{unfinished} must have {offsets[-1]} bytes. Received: {num_bytes}. Is the disk full?")
    os.replace(unfinished, path)
    hashes = np.array(hashes, np.uint64).reshape(-1, len(HASHED)).T
    counts = {"num_items": num_items, "num_examples": len(lengths), "num_prompts": num_prompts}
    summary = counts | {"num_bytes": num_bytes, "sha256": sha256, "bad": bad}
    _write(_beside(path, "offsets.npy"), lambda file: np.save(file, offsets))
    _write(_beside(path, "hashes.npy"), lambda file: np.save(file, hashes))
    _write(_beside(path, "summary.json"), lambda file: file.write(json.dumps(summary).encode()))


def write_manifest(data_set, shards, folder):
    """Checks what `write_shard` wrote, lists it in `manifest.json` and removes all else from the folder.

    Keys are compared within a split, and keys, pictures and groups between splits, by their 8-byte hashes, 262,144 at
    a time; equal hashes of keys are then looked up.

    Args:
        data_set: gives `name`, `task`, `class_list`, `description`, `homepage`, `citation` and `license`.
        shards: every `Shard` of every split, in order.
        folder: where they were written.

    Returns:
        dict, also written as `report.json`: `splits` with the counts of each, and `overlaps` between them, each with
        `what`, `splits`, how many `different` ones there are, and the key of an `example` in the first split.

    Raises:
        ValueError: if a key occurs twice in a split, or more items of one failed than may.
    """
    folder, splits, report, bad = pathlib.Path(folder), {}, {"splits": {}, "overlaps": []}, []
    by_split = {split: list(own) for split, own in itertools.groupby(shards, lambda shard: shard.split)}
    for split, own in by_split.items():
        summaries = [json.loads(_beside(folder / shard.file, "summary.json").read_bytes()) for shard in own]
        bad_here = [line for summary in summaries for line in summary["bad"]]
        total = {name: sum(s[name] for s in summaries) for name in ("num_items", "num_examples", "num_prompts")}
        if len(bad_here) > own[0].max_bad:
            raise ValueError(_too_many_bad(own[0], len(bad_here), bad_here[-1]))
        _check_keys(folder, own)
        listed = [
            {"file": shard.file, **{name: summary[name] for name in ("num_examples", "num_bytes", "sha256")}}
            for shard, summary in zip(own, summaries, strict=True)
        ]
        splits[split] = {name: total[name] for name in ("num_examples", "num_prompts")} | {"shards": listed}
        report["splits"][split] = total
        bad += bad_here
    for what, (one, other) in itertools.product(HASHED, itertools.combinations(by_split, 2)):
        if overlap := _overlap(folder, by_split[one], by_split[other], HASHED.index(what)):
            report["overlaps"].append({"what": what, "splits": [one, other], **overlap})
    about = ("name", "task", "class_list", "description", "homepage", "citation", "license")
    manifest = {"format": FORMAT, **{name: getattr(data_set, name) for name in about}, "splits": splits}
    files = {MANIFEST: _json(manifest, indent=1), REPORT: _json(report, indent=1)}
    if bad:
        files[BAD_RECORDS] = "".join(_json(line) for line in bad)
    for name, text in files.items():
        _write(folder / name, lambda file, text=text: file.write(text.encode()))
    kept = {shard.file for shard in shards} | {_beside(folder / s.file, "offsets.npy").name for s in shards} | {*files}
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
    return report


def _too_many_bad(shard, count, last):
    place = f"item {last['index']} of split {shard.split!r}, {last['item']}: {last['error']}"
    if not shard.max_bad:
        return f"Every item must give a record. Received: {place} Repair it, or leave such out with --on-bad skip."
    return (
        f"At most {shard.max_bad} items of the split may fail. Received: {count}, the last of them {place} Repair the "
        "files, or raise --max-bad."
    )


def _check_keys(folder, shards):
    for hashes in _hash_parts(folder, shards, HASHED.index("keys")):
        values, counts = np.unique(hashes, return_counts=True)
        if (repeated := values[counts > 1]).size:
            found = collections.Counter(_keys(folder, shards, HASHED.index("keys"), repeated))
            if twice := sorted(key for key, count in found.items() if count > 1):
                raise ValueError(
                    f"A key must occur once in a split. Received: {len(twice)} keys that occur more often in split "
                    f"{shards[0].split!r}, such as {twice[:5]}. Remove what is listed twice."
                )


def _keys(folder, shards, row, hashes):
    """The keys of the records that have one of the given hashes."""
    for shard in shards:
        path = folder / shard.file
        own, offsets = np.load(_beside(path, "hashes.npy"))[row], np.load(_beside(path, "offsets.npy"))
        with open(path, "rb") as file:
            for index in np.flatnonzero(np.isin(own, hashes)):
                file.seek(offsets[index] + LENGTH_BYTES)
                yield Record.from_bytes(file.read(offsets[index + 1] - offsets[index] - FRAMING_BYTES)).key


def _overlap(folder, shards, others, row):
    """How many different hashes of a row two lists of shards share, and the key of one such record in the first."""
    parts = max(_num_parts(folder, shards), _num_parts(folder, others))
    pairs = zip(_hash_parts(folder, shards, row, parts), _hash_parts(folder, others, row, parts), strict=True)
    common = [np.setdiff1d(np.intersect1d(*pair), [0]) for pair in pairs]
    count = sum(hashes.size for hashes in common)
    examples = _keys(folder, shards, row, next((hashes[:1] for hashes in common if hashes.size), ()))
    return {"different": count, "example": next(examples)} if count else {}


def _hash_parts(folder, shards, row, parts=None):
    """The hashes of a row, a part of them at a time; which part a hash belongs to depends on itself alone."""
    parts = parts or _num_parts(folder, shards)
    for part in range(parts):
        rows = (np.load(_beside(folder / shard.file, "hashes.npy"))[row] for shard in shards)
        yield np.concatenate([hashes[hashes % np.uint64(parts) == part] for hashes in rows])


def _num_parts(folder, shards):
    return 1 + sum(shard.stop - shard.start for shard in shards) // HASHES_AT_A_TIME


def _hash(value):
    value = value.encode() if isinstance(value, str) else value
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "big") if value else 0


def _beside(path, ending):
    return path.with_name(f"{path.stem}.{ending}")


def _json(content, indent=None):
    return json.dumps(content, indent=indent, ensure_ascii=False) + "\n"


def _write(path, write):
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    with open(unfinished, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
