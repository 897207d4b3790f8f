import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.ade20k import Ade20k

IDS = np.array([[0, 1, 2], [150, 0, 13]], np.uint8)


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "ADEChallengeData2016"
    for folder, stem in (("training", "ADE_train_00000001"), ("validation", "ADE_val_00000001")):
        write(root / "images" / folder / f"{stem}.jpg", np.zeros((2, 3, 3), np.uint8))
        write(root / "annotations" / folder / f"{stem}.png", IDS)
    return tmp_path


def table(*rows):
    return "".join("\t".join(row) + "\n" for row in (("Idx", "Ratio", "Train", "Val", "Name"), *rows))


def test_records(folder):
    data = Ade20k()
    assert data.splits(folder) == ("train", "val")
    (train,), (val,) = (data.items(folder, split) for split in ("train", "val"))
    assert data.record(pickle.loads(pickle.dumps(train))).key == "ADE_train_00000001"
    assert data.record(val).key == "ADE_val_00000001"
    assert next(data.items(folder / "ADEChallengeData2016", "val")) == val


def test_other_pixels_never_become_foreground(folder):
    data = Ade20k()
    mask = data.record(next(data.items(folder, "val"))).mask(0)
    np.testing.assert_array_equal(mask, [[255, 0, 1], [149, 255, 12]])
    write(folder / "ADEChallengeData2016/annotations/validation/ADE_val_00000001.png", np.zeros((2, 3), np.uint8))
    assert (data.record(next(data.items(folder, "val"))).mask(0) == 255).all()


def test_names_of_the_150_classes():
    names = [entry["name"] for entry in Ade20k.class_list["classes"]]
    assert len(set(names)) == 150
    numbered = {1: "wall", 3: "sky", 9: "windowpane", 13: "person", 21: "car", 60: "stairway", 76: "swivel chair"}
    numbered |= {90: "television", 101: "poster", 117: "minibike", 128: "bicycle", 137: "traffic light", 150: "flag"}
    assert {number: names[Ade20k.IDS[number]] for number in numbered} == numbered


def test_the_owners_table_is_compared(folder):
    data, path = Ade20k(), folder / "ADEChallengeData2016" / "objectInfo150.txt"
    path.write_text(table(("1", "0.1576", "11664", "1172", "wall"), ("9 ", "0.0198", "1", "1", "windowpane, window ")))
    assert len(list(data.items(folder, "val"))) == 1
    path.write_text(table(("1", "0.1576", "11664", "1172", "building, edifice")))
    with pytest.raises(ValueError, match=r"Class 1 must be 'wall'.*building.*objectInfo150\.txt:2"):
        list(data.items(folder, "val"))
    path.write_text(table(("151",)))
    with pytest.raises(ValueError, match="Class 151 must be None"):
        list(data.items(folder, "val"))


def test_missing_files_are_named(folder, tmp_path):
    data, root = Ade20k(), folder / "ADEChallengeData2016"
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_ade20k.*no .*annotations.*images/training/"):
        data.splits(tmp_path / "nowhere")
    (item,) = data.items(folder, "val")
    (root / "annotations" / "validation" / "ADE_val_00000001.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"validation.ADE_val_00000001\.png"):
        data.record(item)
    (root / "annotations" / "validation").rmdir()
    with pytest.raises(FileNotFoundError, match="no .*annotations.validation"):
        list(data.items(folder, "val"))
    (root / "images" / "training" / "ADE_train_00000001.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*training.\*\.jpg"):
        list(data.items(folder, "train"))


def test_bad_content_is_named(folder):
    data = Ade20k()
    (item,) = data.items(folder, "val")
    mask = folder / "ADEChallengeData2016/annotations/validation/ADE_val_00000001.png"
    write(mask, np.dstack([IDS, IDS * 0, IDS]))
    with pytest.raises(ValueError, match="Save the class ids, not colours"):
        data.record(item)
    write(mask, np.full((2, 3), 151, np.uint8))
    with pytest.raises(ValueError, match=r"among 0 to 150\. Received: \[151\]"):
        data.record(item)
    with pytest.raises(ValueError, match="Received: split='test'"):
        list(data.items(folder, "test"))
