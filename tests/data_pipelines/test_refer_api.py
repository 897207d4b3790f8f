"""What the data sets in the layout of the REFER toolkit share, on a miniature of RefCOCO."""

import copy
import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.gref_coco import GrefCoco
from data_pipelines.ref_clef import RefClef
from data_pipelines.ref_coco import RefCoco
from data_pipelines.ref_coco_g import RefCocoG
from data_pipelines.ref_coco_plus import RefCocoPlus
from data_pipelines.refer_api import draw, splits_of
from kmm.data.record import NO_TARGET, Record

pytest.importorskip("pycocotools")

SIZES = {9: (12, 16), 25: (10, 14)}
BLOB = np.random.default_rng(0).integers(0, 2, SIZES[25], "uint8")


def file_name(image_id):
    return f"COCO_train2014_{image_id:012d}.jpg"


def rectangle(left, top, right, bottom):
    """Corners of a polygon around whole pixels."""
    return [left, top, right, top, right, bottom, left, bottom]


def run_lengths(mask):
    """COCO's uncompressed counts, by comparing neighbours down the columns."""
    flat = mask.T.reshape(-1)
    ends = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *ends, flat.size]).tolist()
    return counts if flat[0] == 0 else [0, *counts]


ANNOTATIONS = [
    {"id": 101, "image_id": 9, "category_id": 18, "iscrowd": 0, "area": 12.0, "bbox": [2, 1, 4, 3]}
    | {"segmentation": [rectangle(2, 1, 6, 4)]},
    {"id": 102, "image_id": 9, "category_id": 1, "iscrowd": 0, "area": 10.0, "bbox": [9, 5, 6, 5]}
    | {"segmentation": [rectangle(9, 5, 11, 8), rectangle(13, 8, 15, 10)]},
    {"id": 201, "image_id": 25, "category_id": 1, "iscrowd": 0, "area": 70.0, "bbox": [0, 0, 14, 10]}
    | {"segmentation": {"size": [10, 14], "counts": run_lengths(BLOB)}},
    {"id": 202, "image_id": 25, "category_id": 1, "iscrowd": 0, "area": 1.0, "bbox": [0, 0, 1, 1]}
    | {"segmentation": [rectangle(0, 0, 1, 1)]},
]


def reference(ref_id, ann_id, image_id, split, *sentences):
    return {
        "sent_ids": [10 * ref_id + k for k in range(len(sentences))],
        "file_name": f"COCO_train2014_{image_id:012d}_{ref_id}.jpg",
        "ann_id": ann_id,
        "ref_id": ref_id,
        "image_id": image_id,
        "split": split,
        "sentences": [
            {"tokens": text.lower().split(), "raw": text, "sent_id": 10 * ref_id + k, "sent": text.lower().rstrip(".")}
            for k, text in enumerate(sentences)
        ],
        "category_id": 1,
    }


def references():
    return [
        reference(0, 101, 9, "train", "The dog.", "left dog"),
        reference(1, 201, 25, "val", "Pattern."),
        reference(2, 102, 9, "train", "two PARTS"),
    ]


def write_folder(manual_dir, refs, name="refs(unc).p", folder="refcoco", images="train2014", annotations=ANNOTATIONS):
    (manual_dir / folder).mkdir(parents=True)
    content = json.dumps(refs).encode() if name.endswith(".json") else pickle.dumps(refs, protocol=2)
    (manual_dir / folder / name).write_bytes(content)
    entries = [
        {"id": key, "file_name": file_name(key), "height": size[0], "width": size[1], "license": 1}
        for key, size in SIZES.items()
    ]
    instances = {"info": {}, "licenses": [], "images": entries, "annotations": annotations, "categories": []}
    (manual_dir / folder / "instances.json").write_text(json.dumps(instances))
    (manual_dir / images).mkdir(parents=True)
    for key, size in SIZES.items():
        pixels = np.random.default_rng(key).integers(0, 256, (*size, 3), "uint8")
        Image.fromarray(pixels).save(manual_dir / images / file_name(key))
    return manual_dir


def masks_of(record):
    return [record.mask(k) for k in range(len(record.mask_bytes))]


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "manual", references())


def test_records(folder):
    data = RefCoco()
    assert data.splits(folder) == ("train", "val")
    (item,) = data.items(folder, "train")
    record = data.record(pickle.loads(pickle.dumps(item)))
    assert isinstance(record, Record) and record == data.record(item)
    assert record.key == "9" and record.group == "" and record.kinds == ("phrase",) * 3
    assert record.prompts == ("the dog", "left dog", "two parts") and record.targets == (0, 0, 1)
    assert record.image_bytes == (folder / "train2014" / file_name(9)).read_bytes()
    dog, parts = np.zeros((2, 12, 16), "uint8")
    dog[1:4, 2:6] = 1
    parts[5:8, 9:11] = parts[8:10, 13:15] = 1
    np.testing.assert_array_equal(masks_of(record), [dog, parts])
    np.testing.assert_allclose(record.boxes[0], (1 / 12, 2 / 16, 4 / 12, 6 / 16), rtol=1e-6)

    (record,) = (data.record(item) for item in data.items(folder, "val"))
    assert (record.key, record.prompts, record.targets) == ("25", ("pattern",), (0,))
    np.testing.assert_array_equal(masks_of(record)[0], BLOB)


def test_raw_sentences(folder):
    (item,) = RefCoco(text="raw").items(folder, "train")
    assert [text for text, _, _ in item.phrases] == ["The dog.", "left dog", "two PARTS"]


def test_the_other_wording_where_one_is_empty(tmp_path):
    refs = [reference(0, 101, 9, "train", "The dog.", "..", "x")]
    refs[0]["sentences"][1].update(sent="", raw="?!")
    refs[0]["sentences"][2].update(sent="", raw="")
    (item,) = RefCoco().items(write_folder(tmp_path / "manual", refs), "train")
    assert [text for text, _, _ in item.phrases] == ["the dog", "?!", ""]


def test_the_folder_of_annotations_itself(folder):
    (folder / "train2014").rename(folder / "refcoco" / "train2014")
    assert [item.key for item in RefCoco().items(folder / "refcoco", "val")] == ["25"]


@pytest.mark.parametrize("images", RefCoco.image_folders)
def test_folders_of_pictures(images, tmp_path):
    folder = write_folder(tmp_path, references(), images=images)
    assert all(RefCoco().record(item) for split in ("train", "val") for item in RefCoco().items(folder, split))


def test_pickles_of_python_2(folder):
    refs = references()
    python_2 = [{key.encode(): value for key, value in ref.items()} for ref in refs]
    for ref in python_2:
        ref[b"split"] = ref[b"split"].encode()
        for sentence in ref[b"sentences"]:
            sentence["sent"] = sentence["sent"].encode()
    expected = list(RefCoco().items(folder, "train"))
    (folder / "refcoco" / "refs(unc).p").write_bytes(pickle.dumps(python_2, protocol=2))
    assert list(RefCoco().items(folder, "train")) == expected


def test_no_picture_is_read_for_items(folder):
    (folder / "train2014" / file_name(9)).unlink()
    data = RefCoco()
    (item,) = data.items(folder, "train")
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*COCO_train2014_000000000009.jpg"):
        data.record(item)


@pytest.mark.parametrize("data_set", [RefCoco, RefCocoPlus, RefCocoG, GrefCoco, RefClef])
def test_descriptions(data_set):
    data = data_set()
    assert data.name.startswith("kmm_") and data.task == "referring" and data.class_list is None
    assert all((data.description, data.homepage, data.citation, data.license))
    assert data.folder in data.manual_files and data.image_folders[0] in data.manual_files
    assert data.expected_counts == data_set.expected_counts
    assert all(data_set(split_by).expected_counts == counts for split_by, counts in data_set.counts.items())


def test_arguments():
    with pytest.raises(ValueError, match=r"`split_by` must be one of \('unc', 'google'\). Received: split_by='umd'"):
        RefCoco(split_by="umd")
    with pytest.raises(ValueError, match=r"`text` must be one of \('sent', 'raw'\). Received: text='tokens'"):
        RefCoco(text="tokens")
    with pytest.raises(ValueError, match="`shared_pictures` must be 'refuse' or 'allow'. Received: True"):
        RefCoco(shared_pictures=True)


def test_unknown_split(folder):
    with pytest.raises(
        ValueError, match=r"`split` must be one of \('train', 'val'\). Received: split='testA' for .*unc"
    ):
        next(RefCoco().items(folder, "testA"))


@pytest.mark.parametrize("missing", ["refs(unc).p", "instances.json", "train2014"])
def test_missing_files(missing, folder):
    (folder / "refcoco" / missing if "." in missing else folder / missing).rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"must exist. Received: (?s:.*)Expected:\nMANUAL/\n    refcoco/"):
        next(RefCoco().items(folder, "train"))


def broken(folder, **changes):
    refs = references()
    refs[2].update(changes)
    (folder / "refcoco" / "refs(unc).p").write_bytes(pickle.dumps(refs, protocol=2))
    return RefCoco().items(folder, "train")


def test_unknown_annotation(folder):
    expected = r"known annotation of its picture. Received: id=999 in the reference 2 of .*refs\(unc\).p, not in"
    with pytest.raises(ValueError, match=expected):
        next(broken(folder, ann_id=999))


def test_an_annotation_of_another_picture(folder):
    with pytest.raises(ValueError, match="known annotation of its picture. Received: id=201 in the reference 2"):
        next(broken(folder, ann_id=201))


def test_unknown_picture(folder):
    with pytest.raises(ValueError, match="known picture. Received: id=7 in the reference 2"):
        list(broken(folder, image_id=7))


def test_a_picture_in_two_splits(folder):
    expected = r"in one split only. Received: image_id=9 in 'train' and 'val' of .*refs\(unc\).p. Remove"
    with pytest.raises(ValueError, match=expected):
        next(broken(folder, split="val"))
    data = RefCoco(shared_pictures="allow")
    assert [item.key for item in data.items(folder, "train")] == ["9"]
    assert [item.key for item in data.items(folder, "val")] == ["25", "9"]


@pytest.mark.parametrize(
    "changes",
    [{"sentences": []}, {"sentences": [{"tokens": ["a"]}]}, {"ann_id": "102"}, {"ann_id": []}, {"split": 3}],
)
def test_damaged_references(changes, folder):
    with pytest.raises(ValueError, match=r"References must be a list of dicts .* Received: entry 2 of .*refs\(unc\).p"):
        next(broken(folder, **changes))


def test_references_that_are_no_list(folder):
    (folder / "refcoco" / "refs(unc).p").write_bytes(pickle.dumps("refs"))
    with pytest.raises(ValueError, match="References must be a list of dicts .* Received: entry 0"):
        RefCoco().splits(folder)


def test_a_malicious_pickle_is_refused(folder):
    (folder / "refcoco" / "refs(unc).p").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(ValueError, match=r"refs\(unc\).p \(UnpicklingError: it asks for os.system"):
        RefCoco().splits(folder)


def with_instances(folder, change):
    path = folder / "refcoco" / "instances.json"
    instances = json.loads(path.read_text())
    change(instances)
    path.write_text(json.dumps(instances))
    return RefCoco().items(folder, "train")


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda content: content["annotations"][0].pop("segmentation"),
            "Each of the `annotations` must have .* entry 0 of",
        ),
        (lambda content: content["images"][1].pop("height"), "Each of the `images` must have .* Received: entry 1 of"),
        (lambda content: content.pop("images"), "Each of the `images` must have .* Received: entry 0 of .*: None"),
        (
            lambda content: content["images"].append(copy.copy(content["images"][0])),
            "of `images` must not repeat. Received: id=9",
        ),
    ],
)
def test_damaged_instances(change, message, folder):
    with pytest.raises(ValueError, match=message):
        next(with_instances(folder, change))


def test_instances_that_are_no_json(folder):
    path = folder / "refcoco" / "instances.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ValueError, match="must hold JSON. Received: .*instances.json .*line 1 column"):
        next(RefCoco().items(folder, "train"))
    path.write_bytes(b'{"images": "\xff"}')
    with pytest.raises(ValueError, match="must be UTF-8. Received: .*instances.json"):
        next(RefCoco().items(folder, "train"))


@pytest.mark.parametrize("segmentation", [[], [[1, 2, 3]], "polygon", {"size": [2, 2], "counts": [4]}, [["a"]]])
def test_damaged_outlines(segmentation, folder):
    (item,) = with_instances(folder, lambda content: content["annotations"][0].update(segmentation=segmentation))
    with pytest.raises(
        ValueError, match=r"Received: annotations \(101,\) of picture 9, .*_000000000009.jpg: .* Repair"
    ):
        RefCoco().record(item)


def test_a_picture_of_another_size(folder):
    Image.new("RGB", (5, 5)).save(folder / "train2014" / file_name(9))
    (item,) = RefCoco().items(folder, "train")
    with pytest.raises(ValueError, match=r"\(height, width\) = \(5, 5\). Received: \(12, 16\)"):
        RefCoco().record(item)


def test_lists_of_run_lengths():
    left, right = np.zeros((2, 3, 4), "uint8")
    left[:, 0] = right[1, 2:] = 1
    runs = [{"size": [3, 4], "counts": run_lengths(mask)} for mask in (left, right)]
    np.testing.assert_array_equal(draw([runs], (3, 4)), left | right)
    np.testing.assert_array_equal(draw([runs[0], [runs[1]]], (3, 4)), left | right)


def test_names_of_splits():
    assert [splits_of(name) for name in ("train", "test", "testA", "testABC", "testing")] == [
        ("train",),
        ("test",),
        ("testA",),
        ("testA", "testB", "testC"),
        ("testing",),
    ]


def test_targets_are_never_lost(folder):
    """Every sentence of every reference of a split is in exactly one record, and names something."""
    data = RefCoco()
    records = [data.record(item) for split in data.splits(folder) for item in data.items(folder, split)]
    prompts = sorted(prompt for record in records for prompt in record.prompts)
    assert prompts == sorted(sentence["sent"] for ref in references() for sentence in ref["sentences"])
    assert NO_TARGET not in [target for record in records for target in record.targets]
