import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.oxford_pet import OxfordPet
from kmm.data.record import NO_TARGET

TRIMAP = np.array([[2, 2, 3, 1], [2, 3, 1, 1]], np.uint8)
HEAD = "#Image CLASS-ID SPECIES BREED ID\n#ID: 1:37 Class ids\n"


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    for stem in ("Abyssinian_100", "yorkshire_terrier_7"):
        write(tmp_path / "images" / f"{stem}.jpg", np.zeros((2, 4, 3), np.uint8))
        write(tmp_path / "annotations" / "trimaps" / f"{stem}.png", TRIMAP)
    (tmp_path / "annotations" / "trainval.txt").write_text(f"{HEAD}Abyssinian_100 1 1 1\n")
    (tmp_path / "annotations" / "test.txt").write_text("yorkshire_terrier_7 37 2 25\n")
    return tmp_path


def test_a_cat_as_a_referring_record(folder):
    data = OxfordPet()
    assert data.task == "referring" and data.class_list is None
    assert data.splits(folder) == ("train", "test")
    (item,) = data.items(folder, "train")
    record = data.record(pickle.loads(pickle.dumps(item)))
    asked = list(zip(record.prompts, record.targets, record.kinds, strict=True))
    assert asked[:4] == [
        ("the Abyssinian cat", 0, "breed"),
        ("the Abyssinian", 0, "breed"),
        ("the cat", 0, "species"),
        ("the dog", NO_TARGET, "absent"),
    ]
    absent = asked[4:]
    assert absent and all(target == NO_TARGET and kind == "absent" for _, target, kind in absent)
    assert absent[0][0].endswith(" cat") and "Abyssinian" not in absent[0][0]
    assert (record.key, record.label, len(record.mask_bytes)) == ("Abyssinian_100", 1, 1)


def test_the_border_never_becomes_foreground(folder):
    (item,) = OxfordPet().items(folder, "train")
    for task in ("referring", "semantic"):  # the Abyssinian has the id 1
        mask = OxfordPet(task=task).record(item).mask(0)
        np.testing.assert_array_equal(mask, [[0, 0, 255, 1], [0, 255, 1, 1]])


def test_a_dog_in_both_tasks(folder):
    data = OxfordPet(task="semantic")
    assert len(data.class_list["classes"]) == 38
    (item,) = data.items(folder, "test")
    record = data.record(item)
    assert record.prompts == () and record.label == 37
    np.testing.assert_array_equal(record.mask(0), [[0, 0, 255, 37], [0, 255, 37, 37]])
    prompts = OxfordPet().record(item).prompts
    assert prompts[:3] == ("the Yorkshire Terrier", "the dog", "the cat") and "Yorkshire" not in " ".join(prompts[3:])


def test_breeds_are_numbered_as_in_the_lists():
    names = [entry["name"] for entry in OxfordPet(task="semantic").class_list["classes"]]
    assert (names[0], names[1], names[2], names[37]) == (
        "background",
        "Abyssinian cat",
        "American Bulldog",
        "Yorkshire Terrier",
    )
    assert names[1:] == sorted(names[1:]) and sum(name.endswith(" cat") for name in names) == 12


def test_absent_breeds_are_of_the_same_species_and_vary():
    data = OxfordPet()
    cats = {data.phrases("cat", 6, f"Bengal_{number}", None)[-1][0] for number in range(60)}
    assert len(cats) > 5 and "the Bengal" not in cats
    names = [entry["name"] for entry in OxfordPet(task="semantic").class_list["classes"]]
    assert all(f"{text.removeprefix('the ')} cat" in names for text in cats)


def test_missing_files_are_named(folder, tmp_path):
    data = OxfordPet()
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_oxford_pet.*no .*annotations.*trimaps/"):
        data.splits(tmp_path / "nowhere")
    (item,) = data.items(folder, "train")
    (folder / "annotations" / "trimaps" / "Abyssinian_100.png").unlink()
    with pytest.raises(FileNotFoundError, match="trimaps.Abyssinian_100.png"):
        data.record(item)
    (folder / "annotations" / "test.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*test\.txt"):
        list(data.items(folder, "test"))


@pytest.mark.parametrize("row", ["Abyssinian_100", "Abyssinian_100 38 1 1", "Abyssinian_100 1 2 1", "Abyssinian 0 1 1"])
def test_bad_rows_are_named(folder, row):
    (folder / "annotations" / "test.txt").write_text(f"{HEAD}{row}\n")
    with pytest.raises(ValueError, match=rf"class 1 to 37.*Received: '{row}' in .*test\.txt:3"):
        list(OxfordPet().items(folder, "test"))


def test_bad_content_is_named(folder):
    data = OxfordPet()
    (item,) = data.items(folder, "train")
    mask = folder / "annotations" / "trimaps" / "Abyssinian_100.png"
    write(mask, np.dstack([TRIMAP, TRIMAP * 2, TRIMAP]))
    with pytest.raises(ValueError, match="Save the class ids, not colours"):
        data.record(item)
    write(mask, np.zeros((2, 4), np.uint8))
    with pytest.raises(ValueError, match=r"among 1 to 3\. Received: \[0\]"):
        data.record(item)
    with pytest.raises(ValueError, match="Received: split='val'"):
        list(data.items(folder, "val"))
    with pytest.raises(ValueError, match="Received: task='captions'"):
        OxfordPet(task="captions")
