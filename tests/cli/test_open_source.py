import argparse
import json
import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

import kmm.data.from_records
import kmm.data.from_tfds  # noqa: F401
from kmm import data
from kmm.cli.open_source import add_source_arguments, default_task, open_source
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.file_source import FileSource
from kmm.data.files.entry_source import EntrySource

ROW = {"image": "1.png", "prompt": "a dog", "segmentation_mask": None}


def write_pictures(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((6, 8), np.uint8)).save(path)


def test_arguments():
    parser = argparse.ArgumentParser()
    add_source_arguments(parser, "what it does", default="shapes")
    args = parser.parse_args(["--task", "semantic"])
    assert (args.data, args.classes, args.task) == ("shapes", None, "semantic")
    with pytest.raises(SystemExit):
        parser.parse_args(["--task", "panoptic"])
    assert "instances_train.json" in " ".join(parser.format_help().split())


def test_shapes():
    source = open_source("shapes", "referring", None, [40, 48], seed=3)
    assert isinstance(source, data.ShapesSource)
    assert source.image_size == (40, 48) and source.seed == 3
    assert default_task("shapes") == "referring"


def test_folder(streets, tmp_path):
    source = open_source(streets, "referring", None, (32, 32), seed=3)
    assert isinstance(source, data.ClassMaskFolder)
    assert (source.name, source.task, source.seed) == ("streets", "referring", 3)
    (tmp_path / "other.json").write_text('["above", "below"]')
    source = open_source(streets, "semantic", str(tmp_path / "other.json"), (32, 32))
    assert source.class_names == ("above", "below")
    assert default_task(streets) == "semantic"


@pytest.mark.parametrize("name", ["train.jsonl", "train.csv", "mine.jsonl", "mine.csv"])
@pytest.mark.parametrize("as_file", [True, False])
def test_tables(name, as_file, tmp_path):
    csv = "image,prompt,segmentation_mask\n1.png,a dog,\n"
    (tmp_path / name).write_text(csv if name.endswith("csv") else json.dumps(ROW))
    path = tmp_path / name if as_file else tmp_path
    source = open_source(str(path), "referring", None, (32, 32), seed=3)
    assert isinstance(source, FileSource) and source.seed == 3
    assert source.prompts("train") == ["a dog"] and default_task(path) == "referring"


def test_a_table_of_splits_is_told_from_other_tables_beside_masks(streets):
    (pathlib.Path(streets) / "colours.csv").write_text("name,r,g,b\nsky,1,2,3\n")
    assert isinstance(open_source(streets, "semantic", None, (32, 32)), data.ClassMaskFolder)
    (pathlib.Path(streets) / "classes.json").unlink()
    assert default_task(streets) == "semantic"
    (pathlib.Path(streets) / "train.jsonl").write_text(json.dumps(ROW))
    assert isinstance(open_source(streets, "referring", None, (32, 32)), FileSource)
    assert default_task(streets) == "referring"


@pytest.mark.parametrize("name", ["instances_train.json", "annotations/instances_train2017.json"])
def test_coco(name, tmp_path):
    write_pictures(tmp_path, "train2017/1.png" if "2017" in name else "train/1.png")
    content = {"images": [{"id": 1, "file_name": "1.png"}], "annotations": [], "categories": [{"id": 1, "name": "dog"}]}
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(json.dumps(content))
    for path in (tmp_path, tmp_path / name):
        source = open_source(path, "referring", None, (32, 32), seed=3)
        assert isinstance(source, EntrySource) and source.seed == 3
        assert "dog" in source.example("train", 0).prompts[0]
        assert default_task(path) == "referring"
    classes = tmp_path / "classes.json"
    classes.write_text('[{"name": "dog", "synonyms": ["hound"]}]')
    assert "the hound" in open_source(tmp_path, "referring", classes, (32, 32)).prompts("train")


@pytest.mark.parametrize("split", ["", "train/"])
def test_folders_of_texts(split, tmp_path):
    write_pictures(tmp_path, f"{split}images/a.png", f"{split}masks/a.png")
    (tmp_path / f"{split}prompts").mkdir()
    (tmp_path / f"{split}prompts/a.txt").write_text("the dog")
    source = open_source(tmp_path, "referring", None, (32, 32), seed=3)
    assert source.prompts("train") == ["the dog"] and source.seed == 3
    assert default_task(tmp_path) == "referring"


def test_bad_rows_wait_until_they_are_read(tmp_path):
    (tmp_path / "train.jsonl").write_text(json.dumps(ROW) + "\nno JSON\n")
    (tmp_path / "train.csv").write_text("image,prompt,mask\n1.png,a dog,\n1.png,,\n")
    for name in ("train.jsonl", "train.csv"):
        source = open_source(tmp_path / name, "referring", None, (32, 32))
        assert sum(map(source.num_examples, source.splits)) == 2


def test_records(tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text('{"format": "kmm-records/1", "task": "semantic"}')
    monkeypatch.setattr(
        sys.modules["kmm.data.from_records"], "from_records", lambda path, task, seed: (path, task, seed)
    )
    assert open_source(tmp_path, "semantic", None, (32, 32), seed=3) == (tmp_path, "semantic", 3)
    assert default_task(tmp_path) == "semantic"
    (tmp_path / "manifest.json").write_text('{"format": "kmm-records/1", "task": "captions"}')
    assert default_task(tmp_path) == "referring"


def test_tensorflow_datasets(monkeypatch):
    def from_tfds(name, classes, task, seed):
        assert (name, classes, seed) == ("mine/small:1.0.0", "c.json", 3)
        read = lambda split, index: None  # noqa: E731
        return ClassMaskSource(read, {"train": 1}, data.ClassList.from_json(["sky"]), task="referring")

    monkeypatch.setattr(sys.modules["kmm.data.from_tfds"], "from_tfds", from_tfds)
    source = open_source("tfds:mine/small:1.0.0", "referring", "c.json", (32, 32), seed=3)
    assert isinstance(source, ClassMaskSource) and default_task("tfds:mine") == "referring"
    with pytest.raises(ValueError, match="phrases in tfds:mine/small:1.0.0 have no classes.*Use --task referring"):
        open_source("tfds:mine/small:1.0.0", "semantic", "c.json", (32, 32), seed=3)


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="have no classes. Received: task='semantic'"):
        open_source("shapes", "semantic", None, (32, 32))
    with pytest.raises(ValueError, match="have no classes. Received: classes='classes.json'"):
        open_source("shapes", "referring", "classes.json", (32, 32))
    with pytest.raises(ValueError, match="data folder must exist. Received: .*nowhere. Looked for .*'tfds:NAME'"):
        open_source(tmp_path / "nowhere", "semantic", None, (32, 32))
    with pytest.raises(ValueError, match="a form that kmm reads. Received: .*, which holds nothing. Looked for"):
        open_source(tmp_path, "semantic", None, (32, 32))
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text("")
    with pytest.raises(ValueError, match=r"which holds 0.txt, .*, 7.txt, \.\.\.\. Looked for 'shapes'.*manifest.json"):
        open_source(tmp_path, "semantic", None, (32, 32))
    with pytest.raises(ValueError, match="a form that kmm reads. Received: .*0.txt. Looked for"):
        open_source(tmp_path / "0.txt", "semantic", None, (32, 32))
    (tmp_path / "train.jsonl").write_text(json.dumps(ROW))
    with pytest.raises(ValueError, match="phrases in .* have no classes. Received: task='semantic'. Use --task ref"):
        open_source(tmp_path, "semantic", None, (32, 32))
    with pytest.raises(ValueError, match="needs no classes. Received: classes='c.json'. Leave --classes out"):
        open_source(tmp_path, "referring", "c.json", (32, 32))
