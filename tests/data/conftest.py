"""Small folders of records, written in the format that data pipelines write."""

import hashlib
import io
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kmm.data.record import FORMAT, NO_TARGET, Record

SHAPE = (24, 36)


def encoded(array, form):
    """The array as the bytes of a picture file."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **({"quality": 95} if form == "JPEG" else {}))
    return file.getvalue()


def example_parts(index):
    """Picture and two masks of record `index`: smooth, so that a JPEG file keeps it."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.stack([rows * 6 + index, columns * 4, np.full(SHAPE, 20 * index)], axis=-1).astype(np.uint8)
    masks = np.zeros((2, *SHAPE), np.uint8)
    masks[0, 2 + index : 12 + index, 3:20] = 1
    masks[0, 2 + index, 3] = 255
    masks[1, 15:, 30:] = 1
    return image, masks


def record_of(index):
    image, masks = example_parts(index)
    boxes, parts = [], []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        top, left, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
        boxes.append((top / SHAPE[0], left / SHAPE[1], bottom / SHAPE[0], right / SHAPE[1]))
        parts.append(encoded(mask[top:bottom, left:right], "PNG"))
    return Record(
        key=f"picture {index}",
        image_bytes=encoded(image, "PNG" if index % 2 else "JPEG"),
        prompts=(f"thing {index}", "corner", "a dog"),
        targets=(0, 1, NO_TARGET),
        mask_bytes=tuple(parts),
        boxes=tuple(tuple(float(np.float32(x)) for x in box) for box in boxes),
        kinds=("attribute", "position", "absent"),
        group=f"film {index // 2}",
    )


def write_records(folder, splits, task="referring", class_list=None):
    """Write lists of records, two to a shard, as a folder."""
    manifest = {"format": FORMAT, "name": "tiny", "task": task, "class_list": class_list, "splits": {}}
    folder.mkdir(exist_ok=True)
    for split, records in splits.items():
        shards = []
        for start in range(0, len(records), 2):
            path = folder / f"tiny-{split}-{start // 2:05d}.tfrecord"
            serialized = [record.to_bytes() for record in records[start : start + 2]]
            with tf.io.TFRecordWriter(str(path)) as writer:
                for content in serialized:
                    writer.write(content)
            np.save(path.with_suffix(".offsets.npy"), np.cumsum([0, *(len(content) + 16 for content in serialized)]))
            content = path.read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            row = {"file": path.name, "num_examples": len(serialized), "num_bytes": len(content), "sha256": sha256}
            shards.append(row)
        manifest["splits"][split] = {"num_examples": len(records), "shards": shards}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def records(tmp_path):
    """A folder of seven training and three validation records."""
    splits = {"train": [record_of(i) for i in range(7)], "val": [record_of(i) for i in range(7, 10)]}
    return write_records(tmp_path / "records", splits)
