import pathlib
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.camvid import Camvid

IDS = np.array([[0, 0, 11, 8], [3, 11, 10, 8]], np.uint8)
REAL = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "camvid"


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_pair(picture, mask, ids=IDS):
    write(picture, np.zeros((*ids.shape, 3), np.uint8))
    write(mask, ids)


@pytest.fixture
def tutorial(tmp_path):
    """The layout of the SegNet tutorial: lists with the paths of another machine."""
    root = tmp_path / "CamVid"
    for split, stem in (("train", "0001TP_006690"), ("val", "0016E5_07959"), ("test", "Seq05VD_f00000")):
        write_pair(root / split / f"{stem}.png", root / f"{split}annot" / f"{stem}.png")
        row = f"/SegNet/CamVid/{split}/{stem}.png /SegNet/CamVid/{split}annot/{stem}.png\n"
        (root / f"{split}.txt").write_text(row)
    return tmp_path


@pytest.fixture
def folders(tmp_path):
    """The layout SPLIT/images and SPLIT/masks, without a test split."""
    for split, stem in (("train", "0006R0_f00930"), ("train", "0001TP_006690"), ("val", "0016E5_07959")):
        write_pair(tmp_path / split / "images" / f"{stem}.jpg", tmp_path / split / "masks" / f"{stem}.png")
    return tmp_path


def test_layout_of_the_tutorial(tutorial):
    data = Camvid()
    assert data.splits(tutorial) == ("train", "val", "test")
    records = {split: [data.record(item) for item in data.items(tutorial, split)] for split in data.splits(tutorial)}
    found = {split: [(r.key, r.group, r.position) for r in rs] for split, rs in records.items()}
    assert found == {
        "train": [("0001TP_006690", "0001TP", 6690)],
        "val": [("0016E5_07959", "0016E5", 7959)],
        "test": [("Seq05VD_f00000", "Seq05VD", 0)],
    }
    assert [item[0] for item in data.items(tutorial / "CamVid", "val")] == ["0016E5_07959"]


def test_layout_of_folders(folders):
    data = Camvid()
    assert data.splits(folders) == ("train", "val")
    items = list(data.items(folders, "train"))
    assert [item[0] for item in items] == ["0001TP_006690", "0006R0_f00930"]
    record = data.record(pickle.loads(pickle.dumps(items[1])))
    assert (record.group, record.position, record.prompts) == ("0006R0", 930, ())


def test_unlabelled_pixels_never_become_foreground(folders):
    data = Camvid()
    mask = data.record(next(data.items(folders, "val"))).mask(0)
    np.testing.assert_array_equal(mask, [[0, 0, 255, 8], [3, 255, 10, 8]])
    write(folders / "val" / "masks" / "0016E5_07959.png", np.full((2, 4), 11, np.uint8))
    assert (data.record(next(data.items(folders, "val"))).mask(0) == 255).all()


def test_missing_files_are_named(tutorial, tmp_path):
    data, root = Camvid(), tutorial / "CamVid"
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_camvid.*no .*train\.txt.*train/masks/"):
        data.splits(tmp_path / "nowhere")
    (item,) = data.items(tutorial, "val")
    (root / "valannot" / "0016E5_07959.png").unlink()
    with pytest.raises(FileNotFoundError, match="valannot.0016E5_07959.png"):
        data.record(item)
    (root / "train.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*train\.txt"):
        list(data.items(tutorial, "train"))
    (root / "test" / "images").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no .*test.masks"):
        list(data.items(tutorial, "test"))


def test_bad_content_is_named(folders):
    data = Camvid()
    (item,) = data.items(folders, "val")
    mask = folders / "val" / "masks" / "0016E5_07959.png"
    write(mask, np.array([[[128, 0, 0], [0, 0, 0]]], np.uint8))
    with pytest.raises(ValueError, match="Save the class ids, not colours"):
        data.record(item)
    write(mask, np.array([[0, 12]], np.uint8))
    with pytest.raises(ValueError, match=r"among 0 to 11\. Received: \[12\] in .*0016E5_07959"):
        data.record(item)
    write(folders / "val" / "images" / "street.jpg", np.zeros((2, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"film and frame.*Received: street\.jpg"):
        list(data.items(folders, "val"))
    with pytest.raises(ValueError, match="Received: split='test'"):
        list(data.items(folders, "test"))


def test_bad_rows_are_named(tutorial):
    (tutorial / "CamVid" / "val.txt").write_text("\n0016E5_07959.png\n")
    with pytest.raises(ValueError, match=r"a photograph and its mask\. Received: '0016E5_07959\.png' in .*val\.txt:2"):
        list(Camvid().items(tutorial, "val"))


@pytest.mark.skipif(not REAL.is_dir(), reason="the CamVid pictures are not beside the repository")
def test_real_files():
    data = Camvid()
    items = {split: list(data.items(REAL, split)) for split in data.splits(REAL)}
    assert {split: len(found) for split, found in items.items()} == {"train": 367, "val": 101}
    values = np.unique(np.stack([data.record(item).mask(0) for item in items["val"][::20]]))
    assert set(values.tolist()) <= {*range(11), 255} and len(values) > 5
