"""The files that hold the records of a split, and the manifest that lists them."""

import hashlib
import json
import pathlib

import numpy as np
import tensorflow as tf

from kmm.data.record import FORMAT, MANIFEST


def read_manifest(directory):
    """The content of a record folder's `manifest.json`, or a `ValueError`."""
    path = pathlib.Path(directory) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        form = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"A folder of records must hold a readable {MANIFEST}. Received: {path} ({error}). Build it with "
            "`python -m data_pipelines.build`."
        ) from error
    if form != FORMAT:
        raise ValueError(f"Records must be of format {FORMAT!r}. Received: {form!r} in {path}. Build them again.")
    return manifest


class RecordShards:
    """The files of one split of a folder of records: any record by its number, in the TensorFlow graph.

    Args:
        directory: the folder, a `pathlib.Path`.
        manifest: the content of its manifest.
        split: name of the split.

    Attributes:
        count: how many records there are.

    Raises:
        ValueError: if a shard or its offsets are missing, cut or of another size than the manifest states.
    """

    def __init__(self, directory, manifest, split):
        shards = manifest["splits"][split]["shards"]
        self.files = [directory / shard["file"] for shard in shards]
        self.sums = [shard["sha256"] for shard in shards]
        offsets = []
        for file, shard in zip(self.files, shards, strict=True):
            size = file.stat().st_size if file.is_file() else None
            if size != shard["num_bytes"]:
                raise ValueError(
                    f"A shard must have the size its manifest states, {shard['num_bytes']} bytes. Received: "
                    f"{'no file' if size is None else f'{size} bytes'} at {file}. Copy it again or build the set again."
                )
            offsets.append(_read_offsets(file, shard))
        self.starts = np.cumsum([0, *map(len, offsets)])
        self.count = int(self.starts[-1])
        self._names = tf.constant([str(file) for file in self.files])
        self._offsets = tf.constant(np.concatenate(offsets) if offsets else [], tf.int64)
        self._starts = tf.constant(self.starts, tf.int64)

    def read(self, index):
        """The bytes of record `index`, verified, as a graph op."""
        shard = tf.searchsorted(self._starts, index[None], side="right")[0] - 1
        record = tf.raw_ops.TFRecordDatasetV2(
            filenames=self._names[shard][None],
            compression_type="",
            buffer_size=tf.constant(0, tf.int64),
            byte_offsets=self._offsets[index][None],
            metadata="",
        )
        one = {"output_types": [tf.string], "output_shapes": [tf.TensorShape([])], "metadata": ""}
        first = tf.raw_ops.TakeDataset(input_dataset=record, count=tf.constant(1, tf.int64), **one)
        return tf.raw_ops.DatasetToSingleElement(dataset=first, **one)[0]

    def where(self, index):
        """File and number of a record."""
        shard = int(np.searchsorted(self.starts, index, side="right")) - 1
        return f"{self.files[shard]}, record {index - self.starts[shard]}"

    def check(self):
        """Compares the SHA-256 of every shard with the manifest's; raises `ValueError` at the first that differs."""
        for file, expected in zip(self.files, self.sums, strict=True):
            with file.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
            if found != expected:
                raise ValueError(
                    f"A shard must have the SHA-256 that its manifest states, {expected}. Received: {found} of {file}. "
                    "Copy it again or build the set again."
                )


def _read_offsets(file, shard):
    """Where each record of a shard begins."""
    path = file.with_suffix(".offsets.npy")
    try:
        offsets = np.load(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"A shard must have its offsets beside it. Received: {path} ({error}). Build the set again."
        ) from error
    if offsets.shape != (shard["num_examples"] + 1,) or offsets[-1] != shard["num_bytes"]:
        raise ValueError(
            f"The offsets must fit their shard of {shard['num_examples']} records and {shard['num_bytes']} bytes. "
            f"Received: {len(offsets) - 1} records and {offsets[-1:]} bytes in {path}. Build the set again."
        )
    return offsets[:-1]
