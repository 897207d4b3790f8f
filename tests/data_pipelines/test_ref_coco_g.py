import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.ref_coco_g import RefCocoG

pytest.importorskip("pycocotools")

SPLITS = {"umd": ("train", "train", "test"), "google": ("train", "val", "train")}


@pytest.fixture
def folder(tmp_path):
    """Three objects of two pictures; by "google" the objects of the first picture are in two splits."""
    (tmp_path / "refcocog").mkdir()
    (tmp_path / "images" / "mscoco" / "images" / "train2014").mkdir(parents=True)
    images = [{"id": key, "file_name": f"COCO_train2014_{key:012d}.jpg", "height": 5, "width": 7} for key in (1, 2)]
    for image in images:
        Image.new("RGB", (7, 5)).save(tmp_path / "images" / "mscoco" / "images" / "train2014" / image["file_name"])
    annotations = [
        {"id": 10 + row, "image_id": image_id, "segmentation": [[0, row, 7, row, 7, row + 1, 0, row + 1]]}
        for row, image_id in enumerate((1, 1, 2))
    ]
    for split_by, splits in SPLITS.items():
        refs = [
            {"ref_id": row, "ann_id": 10 + row, "image_id": annotations[row]["image_id"], "split": split}
            | {"sentences": [{"sent": f"the long stripe of row {row}", "raw": "", "sent_id": row}]}
            for row, split in enumerate(splits)
        ]
        (tmp_path / "refcocog" / f"refs({split_by}).p").write_bytes(pickle.dumps(refs, protocol=2))
    (tmp_path / "refcocog" / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return tmp_path


def rows(record):
    """The row that each mask fills, after checking that it fills exactly one."""
    masks = np.stack([record.mask(k) for k in range(len(record.mask_bytes))])
    assert (masks.sum((1, 2)) == 7).all()
    return masks.all(axis=2).argmax(axis=1).tolist()


def test_splits_by_umd(folder):
    data = RefCocoG()
    assert data.splits(folder) == ("train", "test")
    (record,) = (data.record(item) for item in data.items(folder, "train"))
    assert record.prompts == ("the long stripe of row 0", "the long stripe of row 1") and record.targets == (0, 1)
    assert rows(record) == [0, 1]
    (record,) = (data.record(item) for item in data.items(folder, "test"))
    assert record.key == "2" and rows(record) == [2]


def test_splits_by_google_share_pictures(folder):
    data = RefCocoG(split_by="google")
    records = {split: [data.record(item) for item in data.items(folder, split)] for split in data.splits(folder)}
    assert {split: [(record.key, rows(record)) for record in found] for split, found in records.items()} == {
        "train": [("1", [0]), ("2", [2])],
        "val": [("1", [1])],
    }


def test_counts_of_the_owners():
    assert RefCocoG().expected_counts == {"train": 21899, "val": 1300, "test": 2600}
    assert RefCocoG("google").expected_counts == {"train": 24698, "val": 4650}


def test_errors(folder):
    with pytest.raises(ValueError, match=r"`split_by` must be one of \('umd', 'google'\). Received: split_by='unc'"):
        RefCocoG(split_by="unc")
    with pytest.raises(ValueError, match=r"`split` must be one of \('train', 'val'\). Received: split='test'"):
        next(RefCocoG("google").items(folder, "test"))
    google = folder / "refcocog" / "refs(google).p"
    google.rename(folder / "refcocog" / "refs(umd).p")
    with pytest.raises(ValueError, match="in one split only. Received: image_id=1 in 'train' and 'val'"):
        RefCocoG().splits(folder)
