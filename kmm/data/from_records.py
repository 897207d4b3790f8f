"""A source over a folder of records, whatever its task."""

import io

import numpy as np
from PIL import Image

from kmm.data.class_list import ClassList
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.record_shards import read_manifest
from kmm.data.record_source import RecordSource


def from_records(directory, task=None, seed=0, **options):
    """A source over what `data_pipelines` wrote.

    Args:
        directory: the folder, which holds a `manifest.json`.
        task: for a set of class masks "semantic" or "referring"; other sets have one task only.
        seed: keys the drawing of texts together with epoch, split and index.
        **options: for a set of class masks `templates` and `negatives` of `kmm.data.ClassMaskSource`.

    Returns:
        A `kmm.data.RecordSource`; for a set of class masks a `kmm.data.ClassMaskSource`, which makes the texts.

    Raises:
        ValueError: if the folder is unsound, or the set cannot do the task.

    Example:

    >>> from_records("data/voc2012", task="referring").example("val", 0).prompts  # doctest: +SKIP
    ('the leftmost sheep',)
    """
    records = RecordSource(directory, seed)
    manifest = read_manifest(directory)
    if manifest["task"] != "semantic":
        if task not in (None, "referring") or options:
            raise ValueError(
                f"A set of phrases is for the task 'referring' and takes no options. Received: task={task!r}, "
                f"options={sorted(options)} for {directory}. Leave them out."
            )
        return records

    def read_pair(split, index):
        record = records.record(split, index)
        image = np.array(Image.open(io.BytesIO(record.image_bytes)).convert("RGB"))
        return image, record.mask(0), records.where(split, index)

    return ClassMaskSource(
        read_pair,
        {split: records.num_examples(split) for split in records.splits},
        ClassList.from_json(manifest["class_list"], source=str(records.directory)),
        task=task or "semantic",
        name=records.name,
        seed=seed,
        where=records.where,
        **options,
    )
