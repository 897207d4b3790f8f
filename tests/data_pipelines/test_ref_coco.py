import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.ref_coco import RefCoco

pytest.importorskip("pycocotools")

NAMES = {6: "COCO_train2014_000000000006.jpg", 7: "COCO_train2014_000000000007.jpg"}


@pytest.fixture
def folder(tmp_path):
    """Two pictures, both kinds of splits: those by "google" share out the objects of picture 6."""
    (tmp_path / "refcoco").mkdir()
    (tmp_path / "images" / "train2014").mkdir(parents=True)
    polygons = {
        60: (6, [[1, 1, 4, 1, 4, 3, 1, 3]]),
        61: (6, [[4, 3, 8, 3, 8, 6, 4, 6]]),
        70: (7, [[0, 0, 2, 0, 2, 2, 0, 2]]),
    }
    splits = {"unc": {60: "train", 61: "train", 70: "testB"}, "google": {60: "train", 61: "val", 70: "train"}}
    for split_by, split_of in splits.items():
        refs = [
            {"ref_id": ann_id, "ann_id": ann_id, "image_id": polygons[ann_id][0], "category_id": 1, "split": split}
            | {"file_name": "ignored.jpg", "sent_ids": [ann_id]}
            | {"sentences": [{"sent": f"thing {ann_id}", "raw": f"Thing {ann_id}!", "sent_id": ann_id, "tokens": []}]}
            for ann_id, split in split_of.items()
        ]
        (tmp_path / "refcoco" / f"refs({split_by}).p").write_bytes(pickle.dumps(refs, protocol=2))
    images = [{"id": key, "file_name": name, "height": 6, "width": 8} for key, name in NAMES.items()]
    annotations = [
        {"id": key, "image_id": image_id, "segmentation": outline, "iscrowd": 0, "category_id": 1}
        for key, (image_id, outline) in polygons.items()
    ]
    (tmp_path / "refcoco" / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    for key, name in NAMES.items():
        Image.new("RGB", (8, 6), (key, 0, 0)).save(tmp_path / "images" / "train2014" / name)
    return tmp_path


def test_splits_by_unc(folder):
    data = RefCoco()
    assert data.splits(folder) == ("train", "testB")
    (record,) = (data.record(item) for item in data.items(folder, "train"))
    assert (record.key, record.prompts, record.targets) == ("6", ("thing 60", "thing 61"), (0, 1))
    expected = np.zeros((2, 6, 8), "uint8")
    expected[0, 1:3, 1:4] = expected[1, 3:6, 4:8] = 1
    masks = [record.mask(k) for k in range(len(record.mask_bytes))]
    np.testing.assert_array_equal(masks, expected)
    assert [item.key for item in data.items(folder, "testB")] == ["7"]


def test_splits_by_google_share_pictures(folder):
    data = RefCoco(split_by="google")
    assert data.splits(folder) == ("train", "val")
    found = {split: [(item.key, len(item.phrases)) for item in data.items(folder, split)] for split in ("train", "val")}
    assert found == {"train": [("6", 1), ("7", 1)], "val": [("6", 1)]}


def test_counts_of_the_owners():
    assert sum(RefCoco().expected_counts.values()) == 19994  # each picture in one split
    assert RefCoco("google").expected_counts == {"train": 19213, "val": 4559, "test": 4527}


def test_missing_references(folder):
    (folder / "refcoco" / "refs(unc).p").unlink()
    with pytest.raises(FileNotFoundError, match=r"Received: .*refs\(unc\).p. Expected:\nMANUAL/"):
        RefCoco().splits(folder)
    assert RefCoco("google").splits(folder) == ("train", "val")
