import csv
import json

import numpy as np
import pytest
from PIL import Image

from kmm.data.from_csv import from_csv

MASK = np.zeros((6, 8), np.uint8)
MASK[:, :4] = 7


@pytest.fixture
def folder(tmp_path):
    for name in ("1.png", "2.png"):
        Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / name)
    Image.fromarray(MASK).save(tmp_path / "mask.png")
    return tmp_path


def write(path, fields, *rows, **options):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows([fields, *rows])


def test_a_folder(folder):
    fields = ("image", "prompt", "segmentation_mask", "class_id", "kind", "comment")
    rows = [("1.png", 'a "dog",\nasleep', "mask.png", "7", "", "good"), ("1.png", "a cat", "", "", "absent", "")]
    write(folder / "train.csv", fields, *rows)
    write(folder / "val.csv", fields, ("2.png", "caf\u00e9", "mask.png", "8", "", ""))
    source = from_csv(folder, seed=3)
    assert (source.name, source.splits, source.seed) == (folder.name, ("train", "val"), 3)
    assert source.num_examples("train") == 1
    source.check()
    assert source.all_prompts("train", 0) == [('a "dog",\nasleep', "phrase"), ("a cat", "absent")]
    np.testing.assert_array_equal(source.phrase("train", 0, 0).segmentation_masks[0], MASK == 7)
    assert not source.phrase("train", 0, 1).segmentation_masks.any()
    assert not source.example("val", 0).segmentation_masks.any() and source.prompts("val") == ["caf\u00e9"]


def test_json_in_cells(folder):
    polygons, rle = [[0, 0, 4, 0, 4, 6, 0, 6]], {"size": [6, 8], "counts": [0, 24, 24]}
    rows = [
        ("1.png", json.dumps(["left", "the left"]), json.dumps(polygons), ""),
        ("1.png", json.dumps(["left half"]), "", json.dumps(rle)),
    ]
    write(folder / "train.csv", ("image", "prompts", "polygons", "rle"), *rows, delimiter=";")
    source = from_csv(folder, delimiter=";")
    assert source.all_prompts("train", 0) == [(text, "phrase") for text in ("left", "the left", "left half")]
    for number in range(3):
        np.testing.assert_array_equal(source.phrase("train", 0, number).segmentation_masks[0], MASK == 7)


def test_a_single_file(folder):
    fields = ("image", "prompt", "mask", "split")
    write(folder / "mine.csv", fields, ("1.png", "a", "", "train"), ("2.png", "b", "", "test"))
    for path in (folder, folder / "mine.csv"):
        source = from_csv(path)
        assert source.splits == ("train", "test") and source.prompts("test") == ["b"]
    write(folder / "mine.csv", fields[:3], ("x/1.png", "a", "x/mask.png"), ("x/2.png", "b", ""))
    source = from_csv(folder, images=folder, masks=folder, val_share=0.5)
    assert source.splits == ("train", "val")


def test_errors_name_file_and_line(folder):
    path = folder / "train.csv"
    write(path, ("image", "prompt", "mask"), ("1.png", "two\nlines", ""), ("1.png", "a"))
    with pytest.raises(ValueError, match="train.csv:4: A row must have as many cells as the header, 3. Received: 2"):
        from_csv(folder)
    write(path, ("image", "prompt", "mask"), ("1.png", "two\nlines", ""), ("1.png", " ", ""))
    with pytest.raises(ValueError, match="train.csv:4: A row needs a `prompt`"):
        from_csv(folder)
    write(path, ("image", "prompt", "polygons"), ("1.png", "a", "[[0,"))
    with pytest.raises(ValueError, match="train.csv:2: `polygons` must be JSON text"):
        from_csv(folder)
    write(path, ("image", "prompt", "mask", "class_id"), ("1.png", "a", "mask.png", "seven"))
    with pytest.raises(ValueError, match="train.csv:2: `class_id` must be JSON text"):
        from_csv(folder)
    write(path, ("image", "prompt", "mask"), ("1.png", "a", "mask.png"), ("3.png", "a", ""))
    source = from_csv(folder)
    with pytest.raises(FileNotFoundError, match="train.csv:3: An image file must exist. Received: .*3.png"):
        source.check()
    (folder / "empty").mkdir()
    path.write_bytes(b"image,prompt,mask\n1.png,caf\xe9,\n")
    with pytest.raises(ValueError, match="train.csv:2: A table must be in UTF-8"):
        from_csv(folder)
    with pytest.raises(ValueError, match="train.csv:2: A table must be in UTF-8"):
        from_csv(folder, keep_bad=True).check()
    with pytest.raises(ValueError, match="must hold train.csv, val.csv, test.csv. Received: none in .*empty"):
        from_csv(folder / "empty")
