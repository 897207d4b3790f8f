import io
import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from kmm.data.class_list import ClassList
from kmm.data.class_mask_folder import ClassMaskFolder
from kmm.data.from_class_masks import from_class_masks

CLASSES = ["sky", {"name": "car"}]
IDS = np.zeros((10, 16), np.uint8)
IDS[6:9, 1:5] = 1
DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


PAIR = (png(np.full((10, 16, 3), 7, np.uint8)), png(IDS))


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "val"):
        for name, content in zip(("images", "masks"), PAIR, strict=True):
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "a.png").write_bytes(content)
    (tmp_path / "classes.json").write_text(json.dumps(CLASSES))
    return tmp_path


def test_a_folder_and_its_pairs_give_the_same(folder):
    paths = {
        split: [(folder / split / "images" / "a.png", f"{folder}/{split}/masks/a.png")] for split in ("train", "val")
    }
    sources = [
        from_class_masks(folder, seed=4),
        from_class_masks(str(folder), seed=4),
        from_class_masks(paths, classes=CLASSES, seed=4),
        from_class_masks({"train": [PAIR], "val": [PAIR]}, classes=ClassList.from_json(CLASSES), seed=4),
        from_class_masks({"train": [PAIR], "val": [PAIR]}, classes=folder / "classes.json", seed=4),
        ClassMaskFolder(folder, task="referring", seed=4),
    ]
    examples = [source.example("val", 0, epoch=2, num_prompts=5) for source in sources]
    for source, example in zip(sources, examples, strict=True):
        assert source.task == "referring" and source.splits == ("train", "val")
        assert example.prompts == examples[0].prompts and example.kinds == examples[0].kinds
        np.testing.assert_array_equal(example.image, np.full((10, 16, 3), 7))
        np.testing.assert_array_equal(example.segmentation_masks, examples[0].segmentation_masks)
    assert examples[0].prompts != from_class_masks(folder).example("val", 0, epoch=2, num_prompts=5).prompts
    assert sources[2].where("val", 0) == sources[0].where("val", 0) == str(folder / "val" / "images" / "a.png")


@pytest.mark.parametrize("as_pairs", [False, True])
def test_all_options_reach_the_texts(folder, as_pairs):
    source = from_class_masks(
        [PAIR] if as_pairs else folder,
        classes=["sky", "car", "plane"],
        things=["car", "plane"],
        templates={"class": ["find {}"], "size": ["main {}"], "position": ["{} {place}"]},
        synonyms={"car": ["auto", ["lorry", "lorries"]], "sky": ["air"]},
        negatives=0.5,
    )
    assert source.splits[0] == "train"
    texts = set(source.prompts("train", 1000))
    assert {"find car", "find lorries", "find air", "main auto", "lorry on the left", "find planes"} <= texts
    assert not [text for text in texts if text.startswith(("the", "all"))]
    kinds = [kind for epoch in range(300) for kind in source.example("train", 0, epoch, num_prompts=1).kinds]
    assert kinds.count("absent") / 300 == pytest.approx(0.5, abs=0.1)


def test_semantic():
    source = from_class_masks([PAIR], task="semantic", classes=CLASSES, templates={"description": ["{} it is"]})
    example = source.example("train", 0)
    assert source.class_names == ("sky", "car") and example.prompts[0].endswith(" it is")
    np.testing.assert_array_equal(example.segmentation_masks, IDS[None])


def test_wrong_arguments(folder):
    with pytest.raises(ValueError, match="need the names of their classes. Received: classes=None"):
        from_class_masks([PAIR])
    with pytest.raises(ValueError, match=r"pair of picture and mask. Received: 'a.png' as train\[1\]"):
        from_class_masks([PAIR, "a.png"], classes=CLASSES)
    missing = [(folder / f"{index}.png", PAIR[1]) for index in range(12)]
    with pytest.raises(ValueError, match=r"no file .*0.png, .*9.png and 2 more\."):
        from_class_masks({"train": missing}, classes=CLASSES)
    with pytest.raises(ValueError, match="Every split must hold a picture"):
        from_class_masks({"train": []}, classes=CLASSES)
    with pytest.raises(ValueError, match=r"knows what is counted. Received: things=\['car'\]"):
        from_class_masks([PAIR], classes=ClassList.from_json(CLASSES), things=["car"])
    with pytest.raises(ValueError, match="in the argument `classes`"):
        from_class_masks([PAIR], classes=["sky", "sky"])
    with pytest.raises(ValueError, match="data folder must exist"):
        from_class_masks(folder / "nowhere")


def test_bad_bytes_are_told_apart():
    source = from_class_masks([PAIR, (PAIR[0], b"junk"), (b"rubbish", PAIR[1])], classes=CLASSES)
    assert source.example("train", 0).prompts
    with pytest.raises(ValueError, match="must decode as PNG. Received: 4 bytes that begin with b'junk'"):
        source.example("train", 1)
    with pytest.raises(ValueError, match="must decode as JPEG.* Received: 7 bytes that begin with b'rubbish'"):
        source.example("train", 2)
    assert source.where("train", 0).startswith(f"{len(PAIR[0])} bytes")


@pytest.mark.parametrize("name, splits, classes", [("facade", ("train", "test"), 8), ("fashion", ("train", "val"), 59)])
def test_real_folders(name, splits, classes):
    if not (DATA / name).is_dir():
        pytest.skip("the data are not beside the repository")
    source = from_class_masks(DATA / name, things=True)
    assert source.splits == splits and len(source.class_list.names) == classes
    for index in range(3):
        example = source.example("train", index, num_prompts=4)
        assert len(set(example.prompts)) == 4 and example.segmentation_masks.shape == (4, *example.image.shape[:2])
