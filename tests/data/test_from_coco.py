import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from kmm.data import build_dataset, skip_bad
from kmm.data.from_coco import from_coco
from kmm.preprocessing import PromptTokenizer

COCO = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "coco_mini"
CATEGORIES = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
LEFT, RIGHT = [[0, 0, 6, 0, 6, 10, 0, 10]], [[16, 4, 20, 4, 20, 10, 16, 10]]


def content_of(*annotations, names=("1.png",)):
    images = [{"id": key, "file_name": name, "height": 10, "width": 20} for key, name in enumerate(names)]
    items = [
        {"id": key, "image_id": 0, "category_id": category, "segmentation": mask, "iscrowd": 0}
        for key, (category, mask) in enumerate(annotations)
    ]
    return {"images": images, "annotations": items, "categories": CATEGORIES}


def write(path, content, images):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    images.mkdir(parents=True, exist_ok=True)
    for item in content["images"]:
        Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(images / item["file_name"])


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "instances_train.json", content_of((18, LEFT), (18, RIGHT)), tmp_path / "train")
    write(tmp_path / "instances_val.json", content_of((1, LEFT)), tmp_path / "val")
    return tmp_path


def test_a_folder(folder):
    source = from_coco(folder, seed=3)
    assert (source.name, source.task, source.splits, source.seed) == (folder.name, "referring", ("train", "val"), 3)
    source.check()
    left, right = np.zeros((10, 20), np.uint8), np.zeros((10, 20), np.uint8)
    left[:, :6], right[4:, 16:] = 1, 1
    kinds = set()
    for epoch in range(8):
        example = source.example("train", 0, epoch, num_prompts=6)
        for text, kind, mask in zip(example.prompts, example.kinds, example.segmentation_masks, strict=True):
            expected = {"left": left, "right": right, "largest": left, "biggest": left}
            words = [word for word in expected if word in text] if kind != "absent" else []
            np.testing.assert_array_equal(mask, expected[words[0]] if words else (left + right) * (kind != "absent"))
            assert ("person" in text or "people" in text) == (kind == "absent")
            kinds.add(kind)
    assert kinds == {"class", "position", "size", "absent"}
    assert source.where("val", 0) == f"{folder / 'instances_val.json'}: image id 0"


def test_training(folder):
    source = from_coco(folder)
    tokenizer = PromptTokenizer.adapt(source.prompts("train"), sequence_length=6)
    inputs, masks = next(iter(build_dataset(source, "train", 1, (10, 20), tokenizer, num_prompts=4, training=True)))
    assert tuple(inputs["images"].shape) == (1, 10, 20, 3) and tuple(masks.shape) == (1, 4, 10, 20)


def test_the_vocabulary_holds_every_word(folder):
    source = from_coco(folder)
    known = {word for text in source.prompts("train") for word in text.split()}
    texts = [text for epoch in range(20) for text in source.example("train", 0, epoch, num_prompts=8).prompts]
    assert {word for text in texts for word in text.split()} <= known
    assert {"dog", "dogs", "person", "people", "leftmost", "middle", "largest"} <= known


def test_sentences(folder):
    content = content_of((18, LEFT))
    content["annotations"][0]["sentences"] = ["the sleepy one"]
    (folder / "instances_train.json").write_text(json.dumps(content))
    source = from_coco(folder, negatives=0)
    assert source.prompts("train")[-1] == "the sleepy one"
    texts = [text for epoch in range(9) for text in source.example("train", 0, epoch).prompts]
    assert "the sleepy one" in texts and not any("person" in text for text in texts)


@pytest.mark.parametrize(
    "file, images, split",
    [
        ("annotations/instances_train2017.json", "train2017", "train"),
        ("annotations/instances_val2014.json", "images/val2014", "val"),
        ("instances_test.json", "images/test", "test"),
        ("instances_train.json", "images", "train"),
        ("instances_train.json", ".", "train"),
        ("valid/_annotations.coco.json", "valid", "val"),
    ],
)
def test_where_things_lie(file, images, split, tmp_path):
    write(tmp_path / file, content_of((18, LEFT)), tmp_path / images)
    for path in (tmp_path, tmp_path / file):
        source = from_coco(str(path))
        source.check()
        assert source.splits == (split,)


def test_a_folder_of_pictures_elsewhere(tmp_path):
    write(tmp_path / "instances_train.json", content_of((18, LEFT)), tmp_path / "away" / "train")
    for images in (tmp_path / "away", str(tmp_path / "away" / "train")):
        from_coco(tmp_path, images=images).check()
    with pytest.raises(
        FileNotFoundError, match="instances_train.json: .*Pictures must exist. Received: no 1.png in .*`images`"
    ):
        from_coco(tmp_path)


def test_a_single_file_is_shared_out(tmp_path):
    names = [f"{number}.png" for number in range(20)]
    write(tmp_path / "instances_default.json", content_of((18, LEFT), names=names), tmp_path / "images")
    for path in (tmp_path, tmp_path / "instances_default.json"):
        source = from_coco(path, val_share=0.3)
        assert source.splits == ("train", "val")
        assert source.num_examples("train") + source.num_examples("val") == 20
    assert from_coco(tmp_path, val_share=0).splits == ("train",)


def test_class_names(folder):
    (folder / "names.json").write_text('[{"name": "dog", "synonyms": [["puppy", "puppies"]]}]')
    texts = from_coco(folder, classes=folder / "names.json").prompts("train")
    assert "all puppies" in texts and "all people" in texts


def test_errors(folder):
    with pytest.raises(ValueError, match=r"`negatives` must be a share in \[0, 1\]. Received: negatives=2"):
        from_coco(folder, negatives=2)
    with pytest.raises(FileNotFoundError, match="data file must exist. Received: .*nowhere.json"):
        from_coco(folder / "nowhere.json")
    with pytest.raises(FileNotFoundError, match="must hold instances.*Received: none in .*train"):
        from_coco(folder / "train")
    for name in ("instances_a.json", "instances_b.json"):
        (folder / "train" / name).write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"Received: \['instances_a.json', 'instances_b.json'\]"):
        from_coco(folder / "train")
    write(folder / "instances_train.json", content_of((18, [[0, 0, 1, 1, 900, 4]])), folder / "train")
    with pytest.raises(
        ValueError, match=r"instances_train.json: annotations\[0\] \(id 0\): A polygon must lie in or near"
    ):
        from_coco(folder).check()
    (folder / "train" / "1.png").write_bytes(b"")
    with pytest.raises(ValueError, match="instances_train.json: image id 0: An image must decode as JPEG"):
        from_coco(folder).check()


def test_a_picture_of_another_size(folder):
    Image.fromarray(np.zeros((12, 20, 3), np.uint8)).save(folder / "train" / "1.png")
    with pytest.raises(ValueError, match=r"\(id 0\): A mask must have the size of its picture, \(12, 20\).*\(10, 20\)"):
        from_coco(folder).check()


def test_bad_annotations_can_be_left_out(tmp_path):
    content = content_of((18, LEFT), (18, []), names=("1.png", "2.png", "3.png"))
    content["annotations"][1]["image_id"] = 1
    write(tmp_path / "instances_default.json", content, tmp_path)
    with pytest.raises(ValueError, match="An annotation needs a segmentation"):
        from_coco(tmp_path)
    source = from_coco(tmp_path, keep_bad=True, val_share=0)
    kept = skip_bad(source, max_bad=0.4)
    assert kept.num_examples("train") == 2 and "annotations[1]" in kept.skipped[0][1]


@pytest.mark.skipif(not COCO.is_dir(), reason="the pictures of COCO are not beside the repository")
def test_coco_mini():
    source = from_coco(COCO)
    assert [source.num_examples(split) for split in source.splits] == [126, 64]
    annotations = json.loads((COCO / "instances_val.json").read_text())
    names = {item["id"]: item["name"] for item in annotations["categories"]}
    found = {item["id"]: set() for item in annotations["images"]}
    for item in annotations["annotations"]:
        found[item["image_id"]].add(names[item["category_id"]])
    for index, present in enumerate(found.values()):
        example = source.example("val", index, num_prompts=6)
        for text, kind, mask in zip(example.prompts, example.kinds, example.segmentation_masks, strict=True):
            assert ((mask == 1).any()) == (kind != "absent"), (index, text)
            if kind == "absent":
                assert not any(name in text.split() for name in present), (index, text)
