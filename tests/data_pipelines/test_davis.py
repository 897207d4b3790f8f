import json
import pathlib
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.davis import Davis
from kmm.data.record import NO_TARGET

REAL = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data" / "davis"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the DAVIS videos are not beside the repository")

HEIGHT, WIDTH = 8, 12


def objects(frame):
    """Ids of a frame: object 1 moves to the right, object 2 is there in even frames only."""
    ids = np.zeros((HEIGHT, WIDTH), "uint8")
    ids[2:5, frame : frame + 4] = 1
    if frame % 2 == 0:
        ids[6:8, 9:12] = 2
    return ids


def save(folder, video, ids, values=None, number=0):
    for name in ("JPEGImages", "Annotations"):
        (folder / name / "480p" / video).mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), "uint8"))
    picture.save(folder / "JPEGImages" / "480p" / video / f"{number:05d}.jpg")
    mask = Image.fromarray(ids)
    if values is None:
        mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    mask.save(folder / "Annotations" / "480p" / video / f"{number:05d}.png")


def write_texts(folder, year, texts):
    (folder / "davis_text_annotations").mkdir(exist_ok=True)
    for name, content in texts.items():
        (folder / "davis_text_annotations" / f"Davis{year}_{name}.txt").write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    """Two videos of DAVIS 2017, one for each split, under the name that the sentences misspell and another."""
    for video in ("bear", "classic-car"):
        for number in range(3):
            save(tmp_path, video, objects(number), number=number)
    (tmp_path / "ImageSets" / "2017").mkdir(parents=True)
    (tmp_path / "ImageSets" / "2017" / "train.txt").write_text("bear\n")
    (tmp_path / "ImageSets" / "2017" / "val.txt").write_text("classic-car\n\n")
    write_texts(
        tmp_path,
        17,
        {
            "annot1": b'bear 1 "a brown bear"\nbear 2 "a stone"\n\nclasic-car 1 "an old car"\n',
            "annot1_full_video": b'bear 1 "a bear walking"\r\nbear 2 "a stone"\r\nclasic-car 1 "a car driving"\r\n',
            "annot2": b'bear 1 "the bear\x92s cub"\nclasic-car 1 "the \x85 car"',
        },
    )
    return tmp_path


def test_records_of_2017(folder):
    data = Davis()
    assert data.splits(folder) == ("train", "val")
    items = list(data.items(folder, "train"))
    records = [data.record(pickle.loads(pickle.dumps(item))) for item in items]
    assert [record.key for record in records] == ["bear/00000", "bear/00001", "bear/00002"]
    assert {record.group for record in records} == {"bear"} and [record.position for record in records] == [0, 1, 2]
    for frame, record in enumerate(records):
        assert record.prompts == ("a brown bear", "a stone", "a bear walking", "a stone", "the bear\x92s cub")
        assert record.kinds == ("first_frame", "first_frame", "full_video", "full_video", "first_frame")
        stone = NO_TARGET if frame == 1 else 1
        assert record.targets == (0, stone, 0, stone, 0)
        bear = np.zeros((HEIGHT, WIDTH), "uint8")
        bear[2:5, frame : frame + 4] = 1
        np.testing.assert_array_equal(record.mask(0), bear)
        if frame != 1:
            np.testing.assert_array_equal(record.mask(1), np.pad([[1] * 3] * 2, ((6, 0), (9, 0))))
        assert len(record.mask_bytes) == (1 if frame == 1 else 2)
        path = folder / "JPEGImages" / "480p" / "bear" / f"{frame:05d}.jpg"
        assert record.image_bytes == path.read_bytes()


def test_misspelt_videos_and_odd_characters(folder):
    item = next(Davis().items(folder, "val"))
    assert [text for text, _, _ in item.sentences] == ["an old car", "a car driving", "the \x85 car"]


def test_the_folder_inside(folder, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    expected = [item.sentences for item in Davis().items(folder, "train")]
    (folder / "davis_text_annotations").rename(outer / "davis_text_annotations")
    folder.rename(outer / "DAVIS")
    assert [item.sentences for item in Davis().items(outer, "train")] == expected


@pytest.mark.parametrize("lists", ["2016", "480p"])
def test_records_of_2016(lists, tmp_path):
    for number in range(2):
        save(tmp_path, "swan", np.where(objects(number) > 0, 255, 0).astype("uint8"), values=(0, 255), number=number)
    folder = tmp_path / "ImageSets" / lists
    folder.mkdir(parents=True)
    pairs = "".join(f"/JPEGImages/480p/swan/{k:05d}.jpg /Annotations/480p/swan/{k:05d}.png\n" for k in range(2))
    (folder / "train.txt").write_text("swan\n" if lists == "2016" else pairs)
    (folder / "val.txt").write_text("")
    write_texts(tmp_path, 16, {"annot1": b'swan "a black swan"\n', "annot2": b'swan 1 "swan"\n'})
    data = Davis(year=2016)
    records = [data.record(item) for item in data.items(tmp_path, "train")]
    assert [record.prompts for record in records] == [("a black swan", "swan")] * 2
    for number, record in enumerate(records):
        assert record.targets == (0, 0)
        np.testing.assert_array_equal(record.mask(0), objects(number) > 0)
    assert data.splits(tmp_path) == ("train", "val") and not list(data.items(tmp_path, "val"))


@pytest.fixture
def plain_folder(tmp_path):
    for video, shift in (("swan", 0), ("cows", 3)):
        for name in ("frames", "masks"):
            (tmp_path / name / video).mkdir(parents=True)
        for number in (0, 2):
            Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "frames" / video / f"{number:05d}.jpg")
            mask = np.roll(objects(1), shift, axis=1) * (number == 0)
            Image.fromarray(mask).save(tmp_path / "masks" / video / f"{number:05d}.png")
    entries = [{"video": "swan", "prompt": "a swan"}, {"video": "cows", "prompt": "a cow"}]
    (tmp_path / "expressions.json").write_text(json.dumps(entries))
    return tmp_path


def test_frames_and_masks_with_one_sentence_a_video(plain_folder):
    data = Davis()
    assert data.splits(plain_folder) == ("val",)
    records = [data.record(item) for item in data.items(plain_folder, "val")]
    assert [record.key for record in records] == ["cows/00000", "cows/00002", "swan/00000", "swan/00002"]
    assert [record.prompts for record in records] == [("a cow",)] * 2 + [("a swan",)] * 2
    assert [record.targets for record in records] == [(0,), (NO_TARGET,)] * 2
    np.testing.assert_array_equal(records[2].mask(0), objects(1))
    np.testing.assert_array_equal(records[0].mask(0), np.roll(objects(1), 3, axis=1))


def test_arguments(folder):
    with pytest.raises(ValueError, match="`year` must be 2016 or 2017. Received: year=2018"):
        Davis(year=2018)
    assert Davis(year="2016").year == 2016
    with pytest.raises(ValueError, match=r"`split` must be one of \('train', 'val'\). Received: split='test'"):
        next(Davis().items(folder, "test"))


@pytest.mark.parametrize(
    "missing",
    ["ImageSets/2017/val.txt", "davis_text_annotations", "JPEGImages/480p/bear", "Annotations/480p/bear"],
)
def test_missing_files(missing, folder):
    (folder / missing).rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"must exist. Received: .*Expected:\nMANUAL/"):
        list(Davis().items(folder, "train"))


def test_an_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="Received: .*expressions.json|Received: .*train.txt"):
        Davis().splits(tmp_path)


@pytest.mark.parametrize("line", [b"bear", b'bear 1 ""', b'bear "no number"'])
def test_damaged_sentences(line, folder):
    write_texts(folder, 17, {"annot2": b'bear 1 "a bear"\n' + line + b"\n"})
    with pytest.raises(ValueError, match=r"A line must read: .* line 2 of .*Davis17_annot2.txt. Repair"):
        next(Davis().items(folder, "train"))


def test_a_video_without_sentence(folder):
    (folder / "ImageSets" / "2017" / "train.txt").write_text("bear\ndog\n")
    with pytest.raises(ValueError, match="Every video must have a sentence. Received: none for 'dog'"):
        list(Davis().items(folder, "train"))


def test_frames_without_mask(folder):
    (folder / "Annotations" / "480p" / "bear" / "00001.png").unlink()
    with pytest.raises(ValueError, match="a mask for each. Received: 3 frames .* 2 masks .* unpaired: .'00001'"):
        next(Davis().items(folder, "train"))


def test_names_of_frames(folder):
    for path in (folder / "JPEGImages/480p/bear/00001.jpg", folder / "Annotations/480p/bear/00001.png"):
        path.rename(path.with_stem("middle"))
    with pytest.raises(ValueError, match="named by a number. Received: 'middle' in .*bear"):
        list(Davis().items(folder, "train"))


def test_masks_of_another_size(folder):
    (item, *_) = Davis().items(folder, "train")
    Image.fromarray(objects(0)[:-1]).save(item.mask_path)
    with pytest.raises(ValueError, match=r"\(height, width\) = \(8, 12\). Received: \(7, 12\) in record 'bear/00000'"):
        Davis().record(item)


@pytest.mark.parametrize("content", ["{}", '[{"video": "swan"}]', '[{"video": "swan", "prompt": 1}]'])
def test_damaged_list_of_sentences(content, plain_folder):
    (plain_folder / "expressions.json").write_text(content)
    with pytest.raises(
        ValueError, match="Sentences must be a list of dicts .* Received: entry 0 of .*expressions.json"
    ):
        next(Davis().items(plain_folder, "val"))


def test_lists_that_are_no_text(folder):
    (folder / "ImageSets" / "2017" / "train.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="must be UTF-8. Received: .*train.txt"):
        Davis().splits(folder)


@needs_real
def test_real_videos():
    data = Davis()
    items = list(data.items(REAL, "val"))
    assert len(items) == 267 and len({item.video for item in items}) == 7
    for item in items[::40]:
        record = data.record(item)
        with Image.open(item.mask_path) as mask:
            np.testing.assert_array_equal(record.mask(0), np.asarray(mask))
