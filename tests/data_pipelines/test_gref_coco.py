import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.gref_coco import GrefCoco
from kmm.data.record import NO_TARGET

pytest.importorskip("pycocotools")

REFS = [
    {"ref_id": 0, "ann_id": [31], "image_id": 3, "no_target": False, "split": "train"},
    {"ref_id": 1, "ann_id": [31, 32], "image_id": 3, "no_target": False, "split": "train"},
    {"ref_id": 2, "ann_id": [-1], "image_id": 3, "no_target": True, "split": "train"},
    {"ref_id": 3, "ann_id": [-1], "image_id": 4, "no_target": True, "split": "val"},
]
for ref in REFS:
    texts = (f"expression {ref['ref_id']}", "everybody")
    ref["sentences"] = [{"sent": text, "raw": text, "sent_id": 0, "exist": True, "tokens": []} for text in texts]
    ref["category_id"] = [1] * len(ref["ann_id"])
    ref["file_name"] = "ignored.jpg"


def write(folder, refs, name="grefs(unc).json"):
    for path in (folder / "grefcoco").glob("grefs*"):
        path.unlink()
    content = json.dumps(refs).encode() if name.endswith(".json") else pickle.dumps(refs, protocol=2)
    (folder / "grefcoco" / name).write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "grefcoco").mkdir()
    (tmp_path / "images" / "train2014").mkdir(parents=True)
    images = [{"id": key, "file_name": f"COCO_train2014_{key:012d}.jpg", "height": 6, "width": 9} for key in (3, 4)]
    for image in images:
        Image.new("RGB", (9, 6)).save(tmp_path / "images" / "train2014" / image["file_name"])
    annotations = [
        {"id": 31, "image_id": 3, "iscrowd": 0, "segmentation": [[1, 1, 4, 1, 4, 4, 1, 4]]},
        {"id": 32, "image_id": 3, "iscrowd": 0, "segmentation": [[3, 3, 8, 3, 8, 5, 3, 5]]},
    ]
    (tmp_path / "grefcoco" / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return write(tmp_path, REFS)


@pytest.mark.parametrize("name", ["grefs(unc).json", "grefs(unc).p"])
def test_one_target_several_and_none(name, folder):
    data = GrefCoco()
    write(folder, REFS, name)
    assert data.splits(folder) == ("train", "val")
    (record,) = (data.record(item) for item in data.items(folder, "train"))
    assert record.prompts == tuple(text for k in range(3) for text in (f"expression {k}", "everybody"))
    assert record.targets == (0, 0, 1, 1, NO_TARGET, NO_TARGET)
    assert record.kinds == ("phrase", "phrase", "several", "several", "absent", "absent")
    one, union = np.zeros((2, 6, 9), "uint8")
    one[1:4, 1:4] = union[1:4, 1:4] = union[3:5, 3:8] = 1
    masks = [record.mask(k) for k in range(len(record.mask_bytes))]
    np.testing.assert_array_equal(masks, [one, union])


def test_a_picture_with_no_target_at_all(folder):
    (record,) = (GrefCoco().record(item) for item in GrefCoco().items(folder, "val"))
    assert (record.key, record.targets, record.mask_bytes, record.boxes) == ("4", (NO_TARGET, NO_TARGET), (), ())
    assert record.prompts == ("expression 3", "everybody")


def test_references_without_the_key_no_target(folder):
    write(folder, [{key: value for key, value in ref.items() if key != "no_target"} for ref in REFS])
    (item,) = GrefCoco().items(folder, "train")
    assert [ann_ids for _, ann_ids, _ in item.phrases] == [(31,), (31,), (31, 32), (31, 32), (), ()]


@pytest.mark.parametrize(
    "changes", [{"no_target": True}, {"ann_id": [-1]}, {"ann_id": [31, -1]}, {"ann_id": [-1, -1], "no_target": True}]
)
def test_contradictions(changes, folder):
    write(folder, [REFS[0] | changes])
    with pytest.raises(
        ValueError, match=r"ann_id=\[-1\] and no_target true.* in the reference 0 of .*grefs\(unc\).json"
    ):
        next(GrefCoco().items(folder, "train"))


def test_unknown_annotation(folder):
    write(folder, [REFS[1] | {"ann_id": [31, 77]}])
    with pytest.raises(ValueError, match="known annotation of its picture. Received: id=77 in the reference 1"):
        next(GrefCoco().items(folder, "train"))


def test_missing_references(folder):
    (folder / "grefcoco" / "grefs(unc).json").unlink()
    with pytest.raises(FileNotFoundError, match=r"Received: .*grefs\(unc\).json. Expected:\nMANUAL/\n    grefcoco/"):
        GrefCoco().splits(folder)


def test_counts_of_the_owners():
    assert sum(GrefCoco().expected_counts.values()) == 19994
