import copy
import json
import os

import numpy as np
import pytest

from kmm.data.class_list import ClassList
from kmm.data.files.bad_entry import BadEntry
from kmm.data.files.coco_entry import CocoEntry
from kmm.data.files.read_coco import read_coco

SQUARE = [[0, 0, 4, 0, 4, 4, 0, 4]]
CONTENT = {
    "images": [
        {"id": 9, "file_name": "b.jpg", "height": 6, "width": 8},
        {"id": 3, "file_name": "x/a.jpg", "neg_category_ids": [5], "not_exhaustive_category_ids": [7, 99]},
    ],
    "categories": [
        {"id": 5, "name": "traffic_light"},
        {"id": 7, "name": "scissors"},
        {"id": 2, "name": "sky_(clear)", "isthing": 0},
        {"id": 1, "name": "person"},
    ],
    "annotations": [
        {"id": 1, "image_id": 9, "category_id": 7, "segmentation": SQUARE, "iscrowd": 0},
        {"id": 2, "image_id": 9, "category_id": 5, "segmentation": {"size": [6, 8], "counts": [48]}, "iscrowd": 1},
        {"id": 4, "image_id": 9, "category_id": 5, "segmentation": {"size": [6, 8], "counts": "abc"},
         "sentences": ["the red one", {"raw": "Stop!"}, {"sent": "stop"}]},
    ],
}  # fmt: skip


def read(tmp_path, content, **options):
    path = tmp_path / "instances.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read_coco(path, lambda name: "pictures", **options)


def test_pictures_and_annotations(tmp_path):
    (first, second), _ = read(tmp_path, CONTENT, negatives=0.5)
    path = tmp_path / "instances.json"
    assert (first.image, second.image) == (os.path.join("pictures", "b.jpg"), os.path.join("pictures", "x/a.jpg"))
    assert (first.where, second.where) == (f"{path}: image id 9", f"{path}: image id 3")
    assert first.categories == (1, 0, 0) and first.crowds == (False, True, False) and first.negatives == 0.5
    assert first.places == tuple(f"{path}: annotations[{i}] (id {key})" for i, key in enumerate((1, 2, 4)))
    assert first.sentences == ((), (), ("the red one", "Stop!", "stop"))
    polygons, runs, text = first.masks
    assert polygons.size == (6, 8) and polygons.polygons[0].dtype == np.float64
    assert polygons.polygons[0].tolist() == SQUARE[0]
    assert runs.rle["counts"].tolist() == [48] and text.rle["counts"] == "abc"
    assert (first.absent, first.incomplete) == (None, ())
    assert second.masks == () and (second.absent, second.incomplete) == ((0,), (1,))


def test_nouns(tmp_path):
    _, nouns = read(tmp_path, CONTENT)
    assert [noun.nouns for noun in nouns] == [
        (("traffic light", "traffic lights"),),
        (("scissors", "scissors"),),
        (("sky", "sky"),),
        (("person", "people"),),
    ]
    assert [noun.stuff for noun in nouns] == [False, False, True, False]
    given = ClassList.from_json([{"name": "person", "synonyms": [["human", "humans"]]}, {"name": "other"}])
    _, nouns = read(tmp_path, CONTENT, class_list=given)
    assert nouns[3].nouns == (("person", "people"), ("human", "humans")) and len(nouns) == 4


def test_many_categories(tmp_path):
    """More than fit into a mask of class ids."""
    categories = [{"id": key, "name": f"thing {key}"} for key in range(1000)]
    _, nouns = read(tmp_path, {**CONTENT, "categories": categories})
    assert nouns[999].name == "thing 999"


def changed(part, index, **fields):
    content = copy.deepcopy(CONTENT)
    content[part][index] |= fields
    return content


@pytest.mark.parametrize(
    "content, message",
    [
        (b"{", "Annotations must be JSON in UTF-8"),
        (b'{"a": "\xff"}', "Annotations must be JSON in UTF-8"),
        ([], "must hold the lists images, annotations, categories. Received: no list images, annotations, categories"),
        ({**CONTENT, "annotations": None}, "Received: no list annotations. Export"),
        ({**CONTENT, "images": []}, "must list pictures"),
        ({**CONTENT, "categories": []}, "must have different names. Received: 'no categories'"),
        (changed("images", 1, id=9), r"images\[1\]: An image id must be unique. Received: id 9 again"),
        (changed("images", 1, id=None), r"images\[1\]: An item needs `id`. Received: {"),
        (changed("images", 1, file_name=3), r"images\[1\]: An item needs `file_name`"),
        (changed("images", 0, width="8"), r"images\[0\]: A picture's height and width must be pixels. .*\(6, '8'\)"),
        (changed("images", 0, width=0), r"images\[0\]: A picture's height and width must be pixels"),
        (changed("categories", 1, id=5), r"categories\[1\]: A category id must be unique. Received: id 5 again"),
        (changed("categories", 1, name="person"), "Categories must have different names. Received: 'person'"),
        (changed("annotations", 1, id=1), r"annotations\[1\]: An annotation id must be unique. Received: id 1 again"),
        (changed("annotations", 1, image_id=8), r"annotations\[1\]: .*a listed picture. Received: image_id=8"),
        (changed("annotations", 1, category_id=8), r"annotations\[1\]: .*a listed category. Received: category_id=8"),
        (changed("annotations", 1, segmentation=[]), r"annotations\[1\]: .*needs a segmentation.*Boxes are not enough"),
        (changed("annotations", 1, segmentation=None), r"annotations\[1\]: An annotation needs a segmentation"),
        (changed("annotations", 1, segmentation=[[0, "a"]]), r"annotations\[1\]: A polygon must be a flat list"),
        (changed("annotations", 1, sentences=[3]), r"annotations\[1\]: A prompt and its kind must be texts"),
        (changed("annotations", 1, sentences="a"), r"annotations\[1\]: `sentences` must be a list. Received: 'a'"),
        (changed("images", 1, neg_category_ids=5), r"images\[1\]: `neg_category_ids` must be a list. Received: 5"),
        (changed("annotations", 1, sentences=[" "]), r"annotations\[1\]: A prompt and its kind must not be blank"),
        ({**CONTENT, "annotations": [3]}, r"annotations\[0\]: An item needs"),
    ],
)  # fmt: skip
def test_bad_files(content, message, tmp_path):
    with pytest.raises(ValueError, match=f"instances.json: ?.*{message}"):
        read(tmp_path, content)


def test_bad_annotations_are_kept_where_they_are_wanted(tmp_path):
    content = changed("annotations", 1, segmentation=[])
    (bad, good), _ = read(tmp_path, content, keep_bad=True)
    assert isinstance(bad, BadEntry) and bad.where == f"{tmp_path / 'instances.json'}: image id 9"
    assert "annotations[1]: An annotation needs a segmentation" in bad.message
    assert isinstance(good, CocoEntry)
    with pytest.raises(ValueError, match=r"annotations\[1\]: .*a listed picture"):
        read(tmp_path, changed("annotations", 1, image_id=8), keep_bad=True)
