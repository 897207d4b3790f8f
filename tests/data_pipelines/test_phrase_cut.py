import json

import numpy as np
import pytest
from PIL import Image

from data_pipelines.phrase_cut import PhraseCut, draw


def task(image_id, number, phrase, polygons, kind="name"):
    return {
        "task_id": f"{image_id}__{number}",
        "image_id": image_id,
        "ann_ids": [number],
        "instance_boxes": [[0, 0, 1, 1]] * len(polygons),
        "Polygons": polygons,
        "phrase": phrase,
        "phrase_structure": {"name": phrase, "attributes": [], "relation_ids": [], "type": kind},
    }


def rectangle(left, top, right, bottom):
    """Corners of the pixels from `left` to `right` and `top` to `bottom`, both counted in."""
    return [[left, top], [right + 0.9, top], [right, bottom + 0.4], [left, bottom]]


TASKS = [
    # one instance in two pieces; two instances; a piece of a single point, which the owners leave out
    task(2, 0, "broken plate", [[rectangle(1, 1, 3, 2), rectangle(6, 4, 7, 6)]]),
    task(10, 0, "tree", [[rectangle(0, 0, 4, 4)]]),
    task(2, 1, "red chairs", [[rectangle(0, 0, 1, 1)], [rectangle(4, 3, 9, 7), [[9, 0]]]], kind="attribute"),
]


@pytest.fixture
def folder(tmp_path):
    images = [
        {"image_id": 2, "coco_id": None, "flickr_id": 1, "width": 10, "height": 8, "url": "", "split": "val"},
        {"image_id": 10, "coco_id": 5, "flickr_id": None, "width": 6, "height": 7, "url": "", "split": "val"},
    ]
    (tmp_path / "image_data_split.json").write_text(json.dumps(images))
    (tmp_path / "refer_val.json").write_text(json.dumps(TASKS))
    (tmp_path / "images").mkdir()
    for image in images:
        picture = Image.new("RGB", (image["width"], image["height"]), (image["image_id"], 0, 0))
        picture.save(tmp_path / "images" / f"{image['image_id']}.jpg")
    return tmp_path


def test_records(folder):
    data = PhraseCut()
    assert data.splits(folder) == ("val",)
    first, second = (data.record(item) for item in data.items(folder, "val"))
    assert (first.key, first.prompts, first.targets) == ("2", ("broken plate", "red chairs"), (0, 1))
    assert first.kinds == ("name", "attribute") and first.group == ""
    plate, chairs = np.zeros((2, 8, 10), "uint8")
    plate[1:3, 1:4] = plate[4:7, 6:8] = chairs[0:2, 0:2] = chairs[3:8, 4:10] = 1
    masks = [first.mask(k) for k in range(len(first.mask_bytes))]
    np.testing.assert_array_equal(masks, [plate, chairs])
    assert first.image_bytes == (folder / "images" / "2.jpg").read_bytes()
    assert (second.key, second.prompts, second.kinds) == ("10", ("tree",), ("name",))


def test_the_folder_inside(folder, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    folder.rename(outer / "VGPhraseCut_v0")
    assert PhraseCut().splits(outer) == ("val",) and len(list(PhraseCut().items(outer, "val"))) == 2


def test_the_older_name_of_the_list_of_pictures(folder):
    expected = list(PhraseCut().items(folder, "val"))
    (folder / "image_data_split.json").rename(folder / "image_data_split3000.json")
    assert list(PhraseCut().items(folder, "val")) == expected


def test_masks_against_a_scan_of_the_corners():
    corners = [[2, 1], [9, 4], [4, 7]]
    mask = draw([corners], (9, 11))
    assert all(mask[y, x] == 1 for x, y in corners)
    # A pixel whose centre is inside by cross products is drawn, one outside the corners' box is not.
    y, x = np.mgrid[:9, :11]
    sides = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
    ]
    assert mask[np.all(np.array(sides) > 0, axis=0)].all()
    assert mask[:1].sum() == mask[8:].sum() == mask[:, :2].sum() == mask[:, 10:].sum() == 0


def test_thin_polygons():
    assert draw([[[1, 1], [4, 1]]], (3, 6)).tolist() == [[0] * 6, [0, 1, 1, 1, 1, 0], [0] * 6]
    assert draw([[[1, 1]], []], (3, 6)).sum() == 0


@pytest.mark.parametrize("structure", [None, {}, {"type": None}])
def test_phrases_without_a_type(structure, folder):
    (folder / "refer_val.json").write_text(json.dumps([TASKS[0] | {"phrase_structure": structure}]))
    (item,) = PhraseCut().items(folder, "val")
    assert [kind for _, _, kind in item.phrases] == ["phrase"]


def test_missing_files(folder):
    with pytest.raises(ValueError, match=r"`split` must be one of .*'miniv'\). Received: split='validation'"):
        next(PhraseCut().items(folder, "validation"))
    with pytest.raises(FileNotFoundError, match=r"Received: .*refer_train.json. Expected:\nMANUAL/"):
        next(PhraseCut().items(folder, "train"))
    with pytest.raises(FileNotFoundError, match="Received: .*refer_train.json"):
        PhraseCut().splits(folder / "images")
    (item,) = (item for item in PhraseCut().items(folder, "val") if item.key == "10")
    (folder / "images" / "10.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*10.jpg"):
        PhraseCut().record(item)
    (folder / "image_data_split.json").unlink()
    with pytest.raises(FileNotFoundError, match="Received: .*image_data_split.json. Expected"):
        next(PhraseCut().items(folder, "val"))


@pytest.mark.parametrize(
    "changes",
    [{"image_id": None}, {"phrase": 3}, {"Polygons": [[[1, 2]]]}, {"Polygons": None}, {"Polygons": [[[[1, 2, 3]]]]}]
    + [{"Polygons": [[[[float("nan"), 2]]]]}],
)
def test_damaged_phrases(changes, folder):
    (folder / "refer_val.json").write_text(json.dumps([TASKS[0], TASKS[1] | changes]))
    with pytest.raises(ValueError, match="A phrase must have .* Received: entry 1 of .*refer_val.json"):
        next(PhraseCut().items(folder, "val"))


@pytest.mark.parametrize("change", [{"split": "train"}, {"image_id": 3}])
def test_pictures_that_are_not_listed_for_the_split(change, folder):
    path = folder / "image_data_split.json"
    images = json.loads(path.read_text())
    images[0].update(change)
    path.write_text(json.dumps(images))
    with pytest.raises(
        ValueError, match="for the split 'val' in .*image_data_split.json. Received: image_id=2, listed"
    ):
        next(PhraseCut().items(folder, "val"))


def test_files_that_hold_no_list(folder):
    (folder / "refer_val.json").write_text('{"2": []}')
    with pytest.raises(ValueError, match="must hold a list of dicts. Received: .*refer_val.json"):
        next(PhraseCut().items(folder, "val"))
