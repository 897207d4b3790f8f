import json
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.ref_youtube_vos import RefYoutubeVos
from kmm.data.record import NO_TARGET

SIZE = (9, 14)
FRAMES = ("00000", "00005")
SENTENCES = {"0": ("a person on the left", "1"), "1": ("a dog running", "2"), "10": ("a person in red", "1")}


def ids_of(video, frame):
    """Object 1 is in both frames; object 2 leaves the second."""
    ids = np.zeros(SIZE, "uint8")
    ids[1:4, len(video) : len(video) + 2] = 1
    if frame == "00000":
        ids[5:9, 0:3] = 2
    return ids


def write_split(manual_dir, split, with_masks=True, inner=None):
    folder = manual_dir / split if inner is None else manual_dir / inner
    videos = {}
    for video in ("003234408d", "0043f083b"):
        for name in ("JPEGImages", "Annotations") if with_masks else ("JPEGImages",):
            (folder / name / video).mkdir(parents=True)
        for frame in FRAMES:
            pixels = np.random.default_rng(int(frame)).integers(0, 256, (*SIZE, 3), "uint8")
            Image.fromarray(pixels).save(folder / "JPEGImages" / video / f"{frame}.jpg")
            if with_masks:
                mask = Image.fromarray(ids_of(video, frame))
                mask.putpalette([0, 0, 0, 236, 95, 103, 249, 145, 87])
                mask.save(folder / "Annotations" / video / f"{frame}.png")
        # Without the owners' order, which goes by number, "10" would come before "2".
        expressions = {
            key: {"exp": text, "obj_id": number} if with_masks else {"exp": text}
            for key, (text, number) in reversed(SENTENCES.items())
        }
        videos[video] = {"expressions": expressions, "frames": list(FRAMES)}
    path = manual_dir / "meta_expressions" / split / "meta_expressions.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"videos": videos}))


@pytest.fixture
def folder(tmp_path):
    write_split(tmp_path, "train")
    write_split(tmp_path, "valid", with_masks=False)
    return tmp_path


def test_records(folder):
    data = RefYoutubeVos()
    assert data.splits(folder) == ("train",)
    records = [data.record(pickle.loads(pickle.dumps(item))) for item in data.items(folder, "train")]
    videos = ("003234408d", "0043f083b")
    assert [record.key for record in records] == [f"{video}/{frame}" for video in videos for frame in FRAMES]
    assert [(record.group, record.position) for record in records] == [(v, p) for v in videos for p in (0, 5)]
    for record in records:
        ids = ids_of(record.group, f"{record.position:05d}")
        assert record.prompts == ("a person on the left", "a dog running", "a person in red")
        assert record.targets == ((0, 1, 0) if record.position == 0 else (0, NO_TARGET, 0))
        for target, number in zip(record.targets, (1, 2, 1), strict=True):
            if target != NO_TARGET:
                np.testing.assert_array_equal(record.mask(target), ids == number)


def test_an_object_that_has_left_the_picture_has_an_empty_mask(folder):
    """As `kmm.data` will show it: no target is a mask of zeros."""
    record = RefYoutubeVos().record(list(RefYoutubeVos().items(folder, "train"))[1])
    assert len(record.mask_bytes) == 1 and record.targets[1] == NO_TARGET
    assert not (ids_of("003234408d", "00005") == 2).any()


def test_folders_without_the_name_of_the_split(tmp_path):
    write_split(tmp_path, "train", inner=".")
    data = RefYoutubeVos()
    assert data.splits(tmp_path) == ("train",)
    assert len([data.record(item) for item in data.items(tmp_path, "train")]) == 4


def test_splits_without_masks(folder):
    with pytest.raises(ValueError, match="must have masks. Received: split='valid', no .*Annotations. The owners"):
        next(RefYoutubeVos().items(folder, "valid"))


def test_unknown_split(folder):
    with pytest.raises(ValueError, match=r"`split` must be one of \('train', 'valid'\). Received: split='val'"):
        next(RefYoutubeVos().items(folder, "val"))


@pytest.mark.parametrize(
    "missing", ["meta_expressions/train/meta_expressions.json", "train/JPEGImages/0043f083b", "train/Annotations"]
)
def test_missing_files(missing, folder):
    (folder / missing).rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"must exist. Received: .*Expected:\nMANUAL/"):
        list(RefYoutubeVos().items(folder, "train"))


def test_missing_masks(folder):
    item = next(RefYoutubeVos().items(folder, "train"))
    (folder / "train" / "Annotations" / "003234408d" / "00000.png").unlink()
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*00000.png"):
        RefYoutubeVos().record(item)


@pytest.mark.parametrize(
    "change",
    [
        lambda video: video.pop("frames"),
        lambda video: video.update(frames=[]),
        lambda video: video.update(frames=[0]),
        lambda video: video.update(expressions={}),
        lambda video: video.update(expressions=["a dog"]),
        lambda video: video["expressions"]["1"].pop("obj_id"),
        lambda video: video["expressions"]["1"].update(obj_id="-1"),
        lambda video: video["expressions"]["1"].update(exp=None),
    ],
)
def test_damaged_sentences(change, folder):
    path = folder / "meta_expressions" / "train" / "meta_expressions.json"
    content = json.loads(path.read_text())
    change(content["videos"]["0043f083b"])
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="A video must have .* Received: '0043f083b' of .*meta_expressions.json"):
        list(RefYoutubeVos().items(folder, "train"))


@pytest.mark.parametrize("content", ["[]", '{"videos": []}', "{}"])
def test_files_without_videos(content, folder):
    (folder / "meta_expressions" / "train" / "meta_expressions.json").write_text(content)
    with pytest.raises(ValueError, match="must hold `videos`. Received: .*meta_expressions.json"):
        next(RefYoutubeVos().items(folder, "train"))
