import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.ref_coco_plus import RefCocoPlus

pytest.importorskip("pycocotools")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "refcoco+").mkdir()
    (tmp_path / "train2014").mkdir()
    images, annotations, refs = [], [], []
    for number, split in enumerate(("train", "testA"), start=1):
        name = f"COCO_train2014_{number:012d}.jpg"
        Image.new("RGB", (8, 6)).save(tmp_path / "train2014" / name)
        images.append({"id": number, "file_name": name, "height": 6, "width": 8})
        corner = [[0, 0, number, 0, number, number, 0, number]]
        annotations.append({"id": 50 + number, "image_id": number, "segmentation": corner, "iscrowd": 0})
        sentences = [{"sent": text, "raw": text.upper(), "sent_id": 0} for text in (f"red shirt {number}", "tall man")]
        refs.append(
            {"ref_id": number, "ann_id": 50 + number, "image_id": number, "split": split, "sentences": sentences}
        )
    (tmp_path / "refcoco+" / "refs(unc).p").write_bytes(pickle.dumps(refs, protocol=2))
    (tmp_path / "refcoco+" / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return tmp_path


def test_records(folder):
    data = RefCocoPlus()
    assert data.splits(folder) == ("train", "testA")
    for number, split in enumerate(("train", "testA"), start=1):
        (record,) = (data.record(item) for item in data.items(folder, split))
        assert record.key == str(number)
        assert record.prompts == (f"red shirt {number}", "tall man") and record.targets == (0, 0)
        expected = np.zeros((6, 8), "uint8")
        expected[:number, :number] = 1
        np.testing.assert_array_equal(record.mask(0), expected)


def test_raw_sentences(folder):
    (item,) = RefCocoPlus(text="raw").items(folder, "testA")
    assert [text for text, _, _ in item.phrases] == ["RED SHIRT 2", "TALL MAN"]


def test_counts_of_the_owners():
    assert RefCocoPlus().expected_counts == {"train": 16992, "val": 1500, "testA": 750, "testB": 750}


def test_errors(folder):
    with pytest.raises(ValueError, match=r"`split_by` must be one of \('unc',\). Received: split_by='google'"):
        RefCocoPlus(split_by="google")
    (folder / "refcoco+").rename(folder / "refcoco")
    with pytest.raises(FileNotFoundError, match=r"Received: .*refcoco\+/refs\(unc\).p. Expected"):
        RefCocoPlus().splits(folder)
