import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from data_pipelines.record_parts import png_bytes
from data_pipelines.voc2012 import (
    Voc2012,
    check_split,
    find_root,
    packaged_class_list,
    read_class_ids,
    read_rows,
)

IDS = np.array([[0, 0, 255, 15], [0, 255, 15, 15], [20, 255, 255, 15]], np.uint8)


def write_png(path, ids, mode="P"):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(ids)
    if mode == "P":
        picture.putpalette([value for k in range(256) for value in (k * 7 % 256, k * 3 % 256, 255 - k)])
    picture.save(path)


@pytest.fixture
def folder(tmp_path):
    """Two photographs with palette masks, as the owners publish them."""
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for index, (split, key) in enumerate((("train", "2007_000032"), ("val", "2007_000033"))):
        lists = root / "ImageSets" / "Segmentation"
        lists.mkdir(parents=True, exist_ok=True)
        (lists / f"{split}.txt").write_text(f"{key}\n")
        write_png(root / "SegmentationClass" / f"{key}.png", np.roll(IDS, index, axis=1))
        (root / "JPEGImages").mkdir(exist_ok=True)
        Image.fromarray(np.full((3, 4, 3), 90 * index, np.uint8)).save(root / "JPEGImages" / f"{key}.jpg")
    (lists / "trainval.txt").write_text("2007_000032\n2007_000033\n")
    return tmp_path


def test_records_hold_the_files_as_published(folder):
    data = Voc2012()
    assert data.splits(folder) == ("train", "val")
    (train,), (val,) = (list(data.items(folder, split)) for split in ("train", "val"))
    record = data.record(pickle.loads(pickle.dumps(train)))
    assert (record.key, record.prompts, record.group) == ("2007_000032", (), "")
    assert record.image_bytes == (folder / "VOCdevkit/VOC2012/JPEGImages/2007_000032.jpg").read_bytes()
    np.testing.assert_array_equal(record.mask(0), IDS)
    np.testing.assert_array_equal(data.record(val).mask(0), np.roll(IDS, 1, axis=1))


def test_the_border_never_becomes_foreground(folder):
    data = Voc2012()
    (item,) = data.items(folder, "train")
    write_png(folder / "VOCdevkit/VOC2012/SegmentationClass/2007_000032.png", np.full((3, 4), 255, np.uint8))
    assert (data.record(item).mask(0) == 255).all()


@pytest.mark.parametrize("outer", ["VOCdevkit", "VOCdevkit/VOC2012"])
def test_the_outer_folders_may_be_absent(folder, outer):
    data = Voc2012()
    assert [item[0] for item in data.items(folder / outer, "val")] == ["2007_000033"]


def test_description_of_the_set():
    names = [entry["name"] for entry in Voc2012.class_list["classes"]]
    assert len(names) == 21 and names[0] == "background" and names[15] == "person"
    assert names[1:4] == ["aeroplane", "bicycle", "bird"] and names[-1] == "tv monitor"
    assert Voc2012.expected_counts == {"train": 1464, "val": 1449}


def test_missing_files_are_named(folder, tmp_path):
    data = Voc2012()
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_voc2012.*no .*ImageSets.*SegmentationClass/"):
        data.splits(tmp_path / "nowhere")
    (train,) = data.items(folder, "train")
    root = folder / "VOCdevkit" / "VOC2012"
    (root / "SegmentationClass" / "2007_000032.png").unlink()
    with pytest.raises(FileNotFoundError, match="SegmentationClass.2007_000032.png"):
        data.record(train)
    (val,) = data.items(folder, "val")
    (root / "JPEGImages" / "2007_000033.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="JPEGImages.2007_000033.jpg"):
        data.record(val)
    (root / "ImageSets" / "Segmentation" / "train.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*Segmentation.train\.txt"):
        list(data.items(folder, "train"))


def test_bad_masks_are_named(folder):
    data = Voc2012()
    (item,) = data.items(folder, "train")
    mask = folder / "VOCdevkit/VOC2012/SegmentationClass/2007_000032.png"
    with Image.open(mask) as picture:
        colours = picture.convert("RGB")
    colours.save(mask)
    with pytest.raises(ValueError, match="Save the class ids, not colours"):
        data.record(item)
    write_png(mask, np.array([[0, 21, 254, 1]] * 3, np.uint8))
    with pytest.raises(ValueError, match=r"among 0 to 20, 255\. Received: \[21, 254\] in .*2007_000032.png"):
        data.record(item)
    write_png(mask, np.zeros((3, 5), np.uint8))
    with pytest.raises(ValueError, match=r"\(3, 4\).*Received: \(3, 5\)"):
        data.record(item)


def test_unknown_split(folder):
    with pytest.raises(ValueError, match=r"one of \('train', 'val'\)\. Received: split='trainval'"):
        list(Voc2012().items(folder, "trainval"))
    check_split("val", ["val"])


def test_lists_keep_line_numbers_and_skip_comments(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbf# names\r\n\r\n first \r\nsecond")
    assert read_rows(path, Voc2012) == [(f"{path}:3", "first"), (f"{path}:4", "second")]
    path.write_text("# nothing\n\n")
    with pytest.raises(ValueError, match=r"must not be empty\. Received: .*list\.txt"):
        read_rows(path, Voc2012)
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(ValueError, match=r"UTF-8 text\. Received: .*list\.txt"):
        read_rows(path, Voc2012)


def test_the_first_folder_that_fits_is_the_root(tmp_path):
    (tmp_path / "b" / "lists").mkdir(parents=True)
    assert find_root(tmp_path, ("a", "b"), "lists", Voc2012) == tmp_path / "b"


def test_packaged_lists_are_plain_json():
    assert packaged_class_list("camvid")["ignore"] == [11]


@settings(max_examples=20, deadline=None)
@given(arrays(np.uint8, (3, 4), elements=st.sampled_from([0, 1, 7, 40, 255])))
def test_ids_are_translated_pixel_by_pixel(ids):
    meaning = {0: 255, 1: 0, 7: 3, 40: 3, 255: 255}
    result = read_class_ids(png_bytes(ids), meaning)
    assert result.dtype == np.uint8
    assert result.tolist() == [[meaning[value] for value in row] for row in ids.tolist()]


def test_16_bit_ids_beyond_255_are_unknown(tmp_path):
    path = tmp_path / "mask.png"
    Image.fromarray(np.array([[256, 1]], np.uint16)).save(path)
    with pytest.raises(ValueError, match=r"among 1, 3 to 4\. Received: \[256\]"):
        read_class_ids(path, {1: 1, 3: 3, 4: 4})
