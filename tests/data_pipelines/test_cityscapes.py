import pathlib
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.cityscapes import Cityscapes

IDS = np.array([[7, 8, 11, 26], [0, 3, 33, 255]], np.uint8)
"""Road, sidewalk, building, car; unlabelled, out of the region, bicycle, licence plate."""


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    for split, city, frame in (("train", "aachen", 19), ("train", "aachen", 25), ("val", "bad_homburg", 7)):
        stem = f"{city}_000001_{frame:06d}"
        write(tmp_path / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png", np.full((2, 4, 3), frame, np.uint8))
        for kind in ("labelIds", "instanceIds"):
            write(tmp_path / "gtFine" / split / city / f"{stem}_gtFine_{kind}.png", IDS)
    return tmp_path


def test_records(folder):
    data = Cityscapes()
    assert data.splits(folder) == ("train", "val")
    first, second = data.items(folder, "train")
    record = data.record(pickle.loads(pickle.dumps(first)))
    assert (record.key, record.group, record.position) == ("aachen_000001_000019", "aachen_000001", 19)
    assert data.record(second).position == 25
    (val,) = data.items(folder, "val")
    assert data.record(val).group == "bad_homburg_000001"
    assert record.image_bytes == pathlib.Path(first[1]).read_bytes()


def test_what_is_not_scored_never_becomes_foreground(folder):
    data = Cityscapes()
    mask = data.record(next(data.items(folder, "val"))).mask(0)
    np.testing.assert_array_equal(mask, [[0, 1, 2, 13], [255, 255, 18, 255]])
    void = [label for label, train_id in data.IDS.items() if train_id == 255]
    assert sorted(void) == [0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30, 255]


def test_train_ids_have_the_names_of_the_benchmark():
    names = [entry["name"] for entry in Cityscapes.class_list["classes"]]
    by_label = {label: names[train_id] for label, train_id in Cityscapes.IDS.items() if train_id != 255}
    expected = {7: "road", 8: "sidewalk", 17: "pole", 19: "traffic light", 21: "vegetation", 23: "sky", 24: "person"}
    assert {label: by_label[label] for label in expected} == expected
    assert [by_label[label] for label in (25, 26, 31, 33)] == ["rider", "car", "train", "bicycle"]
    assert sorted(by_label) == [label for label in Cityscapes.IDS if Cityscapes.IDS[label] != 255]


def test_missing_files_are_named(folder, tmp_path):
    data = Cityscapes()
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_cityscapes.*no .*leftImg8bit.*gtFine/"):
        data.splits(tmp_path / "nowhere")
    (item,) = data.items(folder, "val")
    stem = folder / "gtFine" / "val" / "bad_homburg" / "bad_homburg_000001_000007_gtFine"
    stem.with_name(f"{stem.name}_labelIds.png").unlink()
    with pytest.raises(FileNotFoundError, match="000007_gtFine_labelIds.png"):
        data.record(item)
    (folder / "gtFine" / "val").rename(folder / "gtFine" / "test")
    with pytest.raises(FileNotFoundError, match="no .*gtFine.val"):
        list(data.items(folder, "val"))
    (folder / "gtFine" / "val").mkdir()
    (folder / "leftImg8bit" / "val").rename(folder / "leftImg8bit" / "test")
    (folder / "leftImg8bit" / "val").mkdir()
    with pytest.raises(FileNotFoundError, match="no .*_leftImg8bit.png"):
        list(data.items(folder, "val"))


def test_bad_content_is_named(folder):
    data = Cityscapes()
    (item,) = data.items(folder, "val")
    mask = folder / "gtFine/val/bad_homburg/bad_homburg_000001_000007_gtFine_labelIds.png"
    write(mask, np.dstack([IDS, IDS // 2, IDS]))
    with pytest.raises(ValueError, match="Save the class ids, not colours"):
        data.record(item)
    write(mask, np.full((2, 4), 34, np.uint8))
    with pytest.raises(ValueError, match=r"among 0 to 33, 255\. Received: \[34\]"):
        data.record(item)
    write(folder / "leftImg8bit/val/ulm/ulm_leftImg8bit.png", np.zeros((2, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"city, sequence and frame.*ulm_leftImg8bit\.png"):
        list(data.items(folder, "val"))
    with pytest.raises(ValueError, match="Received: split='test'"):
        list(data.items(folder, "test"))
