import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from kmm.data import build_dataset, check_source
from kmm.data.from_jsonl import from_jsonl
from kmm.preprocessing import PromptTokenizer

NUCLEI = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclei"
HALF = np.zeros((6, 8), np.uint8)
HALF[:, :4] = 1


@pytest.fixture
def folder(tmp_path):
    """Two pictures for training and one for validation, with every form of masks."""
    (tmp_path / "images").mkdir()
    for name in ("1", "2", "3"):
        Image.fromarray(np.full((6, 8, 3), 40 * int(name), np.uint8)).save(tmp_path / "images" / f"{name}.png")
    Image.fromarray(HALF * 255).save(tmp_path / "half.png")
    Image.fromarray(HALF * np.uint16(300)).save(tmp_path / "ids.png")
    rle = {"size": [6, 8], "counts": [0, 24, 24]}
    masks = [
        {"segmentation_mask": "half.png"},
        {"segmentation_mask": "ids.png", "class_id": 300},
        {"polygons": [[0, 0, 4, 0, 4, 6, 0, 6]]},
        {"rle": rle},
        {"segmentation_mask": {"path": "ids.png", "class_id": 300}},
    ]
    rows = [{"image": "images/1.png", "prompt": f"left half {number}", **mask} for number, mask in enumerate(masks)]
    rows.append({"image": "images/2.png", "prompts": ["a horse", "the horse"], "mask": None, "kind": "absent"})
    write(tmp_path / "train.jsonl", rows)
    write(tmp_path / "val.jsonl", [{"image": "images/3.png", "prompt": "left", "mask": "half.png"}])
    return tmp_path


def write(path, rows):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def test_a_folder(folder):
    source = from_jsonl(folder, seed=3)
    assert (source.name, source.splits, source.seed) == (folder.name, ("train", "val"), 3)
    assert [source.num_examples(split) for split in source.splits] == [2, 1]
    source.check()
    example = source.example("train", 0, num_prompts=5)
    assert sorted(example.prompts) == [f"left half {number}" for number in range(5)]
    assert (example.image == 40).all() and example.kinds == ("phrase",) * 5
    for mask in example.segmentation_masks:
        np.testing.assert_array_equal(mask, HALF)
    example = source.example("train", 1, num_prompts=2)
    assert set(example.prompts) == {"a horse", "the horse"} and not example.segmentation_masks.any()
    assert example.kinds == ("absent",) * 2
    assert source.where("train", 1) == f"{folder / 'train.jsonl'}:6"


def test_training(folder):
    source = from_jsonl(folder)
    tokenizer = PromptTokenizer.adapt(source.prompts("train"), sequence_length=6)
    inputs, masks = next(iter(build_dataset(source, "train", 2, (12, 16), tokenizer, num_prompts=4, training=True)))
    assert tuple(inputs["images"].shape) == (2, 12, 16, 3) and tuple(masks.shape) == (2, 4, 12, 16)
    assert sorted(masks.numpy().mean(axis=(1, 2, 3))) == [0, 0.5]


def test_a_single_file(folder):
    source = from_jsonl(str(folder / "train.jsonl"), val_share=0.5)
    assert (source.name, source.splits) == ("train", ("train", "val"))
    assert [source.num_examples(split) for split in source.splits] == [1, 1]
    source.check()
    moved = folder / "lists" / "mine.jsonl"
    moved.parent.mkdir()
    (folder / "train.jsonl").rename(moved)
    for path in (moved, moved.parent):
        source = from_jsonl(path, images=folder, masks=str(folder), val_share=0)
        assert source.splits == ("train",) and source.num_examples("train") == 2
        source.check()


def test_splits_in_a_file(folder):
    rows = [
        {"image": f"images/{n}.png", "prompt": "a", "mask": None, "split": s} for n, s in enumerate(("test", "dev"))
    ]
    write(folder / "train.jsonl", rows)
    assert from_jsonl(folder / "train.jsonl").splits == ("val", "test")


@pytest.mark.parametrize(
    "text",
    ["\u05d4\u05db\u05dc\u05d1 \u05de\u05e9\u05de\u05d0\u05dc", "\U0001f415", "tab\tand\x01bell\x00", "a " * 2048],
)
def test_unusual_texts_reach_the_model(text, folder):
    write(folder / "train.jsonl", [{"image": "images/1.png", "prompt": text, "mask": None}])
    source = from_jsonl(folder)
    assert source.prompts("train") == [text]
    tokenizer = PromptTokenizer.adapt(["a dog"], sequence_length=4)
    inputs, _ = next(iter(build_dataset(source, "train", 1, (8, 8), tokenizer, training=True)))
    assert tuple(inputs["token_ids"].shape) == (1, 4)


BAD_LINES = {
    "no JSON": (b'{"image": "images/1.png"', "A line must be a JSON object in UTF-8"),
    "no UTF-8": (b'{"image": "images/1.png", "prompt": "\xe9", "mask": null}', "A line must be a JSON object in UTF-8"),
    "no object": (b"[1, 2]", "A row must be an object"),
    "no picture": (b'{"prompt": "a", "mask": null}', "A row needs an `image`"),
    "no prompt": (b'{"image": "images/1.png", "mask": null}', "A row needs a `prompt`"),
    "no mask": (b'{"image": "images/1.png", "prompt": "a"}', "A row needs one mask"),
    "blank": (b'{"image": "images/1.png", "prompt": " ", "mask": null}', "must not be blank"),
    "too long": (b'{"image": "images/1.png", "mask": null, "prompt": "%s"}' % (b"a" * 100_000), "at most 4096 bytes"),
    "no Unicode": (rb'{"image": "images/1.png", "mask": null, "prompt": "\ud83d"}', "must be valid Unicode"),
    "id again": (b'{"image": "images/1.png", "prompt": "a", "mask": null, "id": 1}', "`id` must be unique"),
}


@pytest.mark.parametrize("line, message", BAD_LINES.values(), ids=BAD_LINES)
def test_bad_lines_are_named(line, message, folder):
    good = b'{"image": "images/1.png", "prompt": "a", "mask": null, "id": 1}\n'
    (folder / "train.jsonl").write_bytes(good + b"\n" + line)
    with pytest.raises(ValueError, match=message) as caught:
        from_jsonl(folder)
    assert f"{folder / 'train.jsonl'}:3" in str(caught.value)


def test_all_bad_lines_can_be_listed(folder):
    lines = [line for name, (line, _) in BAD_LINES.items() if name != "id again"]
    good = b'{"image": "images/1.png", "prompt": "a", "mask": null}'
    (folder / "train.jsonl").write_bytes(b"\n".join([*lines, good]))
    report = check_source(from_jsonl(folder, keep_bad=True))
    path = folder / "train.jsonl"
    assert [problem["where"] for problem in report.problems] == [f"{path}:{n}" for n in range(1, len(lines) + 1)]
    for problem, (_, message) in zip(report.problems, BAD_LINES.values(), strict=False):
        assert message in problem["message"]


BAD_FILES = {
    "missing picture": ({"image": "4.png", "mask": "half.png"}, FileNotFoundError, "image file must exist.*4.png"),
    "missing mask": ({"mask": "nowhere.png"}, FileNotFoundError, "image file must exist.*nowhere.png"),
    "mask for picture": ({"image": "half.txt"}, ValueError, "must decode as JPEG.*half.txt"),
    "other size": ({"mask": "small.png"}, ValueError, "size of its picture.*small.png"),
    "colours": ({"mask": "colours.png"}, ValueError, "one class id per pixel.*colours.png"),
    "far polygon": ({"polygons": [[0, 0, 99, 0, 4, 4]]}, ValueError, "in or near its picture"),
    "odd polygon": ({"polygons": [[0, 0, 4, 0, 4]]}, ValueError, "three points or more"),
    "damaged runs": ({"rle": {"size": [6, 8], "counts": "zz"}}, ValueError, "must add up to its 48 pixels"),
}


@pytest.mark.parametrize("fields, error, message", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files_are_named_by_their_line(fields, error, message, folder):
    (folder / "half.txt").write_text("no picture")
    Image.fromarray(HALF[:3]).save(folder / "small.png")
    Image.fromarray(np.stack([HALF, HALF, HALF + 1], axis=-1)).save(folder / "colours.png")
    fields = fields if {"mask", "polygons", "rle"} & set(fields) else {**fields, "mask": "half.png"}
    good = {"image": "images/1.png", "prompt": "a", "mask": "half.png"}
    write(folder / "train.jsonl", [good, {"image": "images/2.png", "prompt": "a", **fields}])
    source = from_jsonl(folder)
    for read in (source.check, lambda: source.example("train", 1)):
        with pytest.raises(error, match=f"train.jsonl:2: .*{message}"):
            read()
    source.check_example("train", 0)


def test_missing_and_unclear_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="data file must exist. Received: .*nowhere.jsonl"):
        from_jsonl(tmp_path / "nowhere.jsonl")
    with pytest.raises(ValueError, match="must hold train.jsonl, val.jsonl, test.jsonl. Received: none in"):
        from_jsonl(tmp_path)
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, [{"image": "1.png", "prompt": "a", "mask": None}])
    with pytest.raises(ValueError, match=r"must hold train.jsonl.*Received: \['a.jsonl', 'b.jsonl'\]"):
        from_jsonl(tmp_path)
    (tmp_path / "a.jsonl").rename(tmp_path / "val.jsonl")
    (tmp_path / "b.jsonl").rename(tmp_path / "valid.jsonl")
    with pytest.raises(ValueError, match=r"different splits. Received: \['val.jsonl', 'valid.jsonl'\]"):
        from_jsonl(tmp_path)


@pytest.mark.skipif(not NUCLEI.is_dir(), reason="the pictures of nuclei are not beside the repository")
def test_nuclei():
    source = from_jsonl(NUCLEI)
    assert [source.num_examples(split) for split in source.splits] == [24, 6]
    source.check()
    for index in range(source.num_examples("val")):
        example = source.example("val", index)
        assert example.image.shape[:2] == example.segmentation_masks.shape[1:]
        assert 0.02 < (example.segmentation_masks == 1).mean() < 0.7 and "nuclei" in example.prompts[0].lower()
