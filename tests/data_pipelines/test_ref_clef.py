import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.ref_clef import RefClef

pytest.importorskip("pycocotools")

SKY = np.zeros((6, 8), "uint8")
SKY[:2] = SKY[2, 5:] = 1


def reference(ref_id, ann_id, image_id, split, *texts):
    sentences = [{"sent": text, "raw": text, "sent_id": k, "tokens": text.split()} for k, text in enumerate(texts)]
    return {"ref_id": ref_id, "ann_id": ann_id, "image_id": image_id, "split": split, "sentences": sentences}


def compressed(mask):
    from pycocotools import mask as coco_mask

    encoded = coco_mask.encode(np.asfortranarray(mask))
    return {"size": list(mask.shape), "counts": encoded["counts"].decode()}


@pytest.fixture
def folder(tmp_path):
    """Regions as a list of RLEs, as a single RLE and as polygons; a reference in two test splits."""
    (tmp_path / "refclef").mkdir()
    images = [{"id": key, "file_name": f"{key}.jpg", "height": 6, "width": 8} for key in (25, 31042)]
    annotations = [
        {"id": 1, "image_id": 25, "segmentation": [compressed(SKY)]},
        {"id": 2, "image_id": 25, "segmentation": [[0, 4, 8, 4, 8, 6, 0, 6]]},
        {"id": 3, "image_id": 31042, "segmentation": compressed(1 - SKY)},
    ]
    (tmp_path / "refclef" / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    unc = [
        reference(0, 1, 25, "testA", "sky", "the blue sky"),
        reference(1, 2, 25, "testBC", "ground"),
        reference(2, 3, 31042, "train", "everything else"),
    ]
    berkeley = [{**ref, "split": split} for ref, split in zip(unc, ("train", "train", "test"), strict=True)]
    for name, refs in (("unc", unc), ("berkeley", berkeley)):
        (tmp_path / "refclef" / f"refs({name}).p").write_bytes(pickle.dumps(refs, protocol=2))
    for image in images:
        path = tmp_path / "saiapr_tc-12" / f"{image['id'] // 1000:02d}" / "images" / image["file_name"]
        path.parent.mkdir(parents=True)
        Image.new("RGB", (8, 6), (image["id"] % 256, 0, 0)).save(path)
    return tmp_path


def masks_of(record):
    return [record.mask(k) for k in range(len(record.mask_bytes))]


def test_splits_by_unc(folder):
    data = RefClef()
    assert data.splits(folder) == ("train", "testA", "testB", "testC")
    (record,) = (data.record(item) for item in data.items(folder, "testA"))
    assert (record.key, record.prompts, record.targets) == ("25", ("sky", "the blue sky"), (0, 0))
    np.testing.assert_array_equal(masks_of(record), [SKY])
    (second,), (third,) = (data.items(folder, split) for split in ("testB", "testC"))
    assert second == third and [text for text, _, _ in second.phrases] == ["ground"]
    (record,) = (data.record(item) for item in data.items(folder, "train"))
    np.testing.assert_array_equal(masks_of(record), [1 - SKY])


def test_splits_by_berkeley(folder):
    data = RefClef("berkeley")
    assert data.splits(folder) == ("train", "test")
    (record,) = (data.record(item) for item in data.items(folder, "train"))
    ground = np.zeros_like(SKY)
    ground[4:] = 1
    assert record.targets == (0, 0, 1)
    np.testing.assert_array_equal(masks_of(record), [SKY, ground])


def test_pictures_in_one_folder(folder):
    for path in list((folder / "saiapr_tc-12").glob("*/images/*.jpg")):
        path.rename(folder / "saiapr_tc-12" / path.name)
    (item,) = RefClef().items(folder, "train")
    assert item.image_path == str(folder / "saiapr_tc-12" / "31042.jpg")
    assert RefClef().record(item).key == "31042"


def test_a_training_picture_must_not_be_tested(folder):
    path = folder / "refclef" / "refs(unc).p"
    path.write_bytes(pickle.dumps([reference(0, 1, 25, "testA", "sky"), reference(1, 2, 25, "val", "ground")]))
    with pytest.raises(ValueError, match="in one split only. Received: image_id=25 in 'test' and 'val'"):
        RefClef().splits(folder)


def test_missing_pictures(folder):
    (item,) = RefClef().items(folder, "train")
    (folder / "saiapr_tc-12" / "31" / "images" / "31042.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*31042.jpg"):
        RefClef().record(item)
    (folder / "saiapr_tc-12").rename(folder / "pictures")
    with pytest.raises(FileNotFoundError, match="folder of pictures must exist. Received: none of .*saiapr_tc-12"):
        next(RefClef().items(folder, "train"))
