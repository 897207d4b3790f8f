import concurrent.futures
import pathlib
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from kmm.data.class_mask_folder import ClassMaskFolder

CLASSES = '{"scene": "street", "ignore": [2], "classes": ["sky", {"name": "car"}]}'
CAMVID = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "camvid"
needs_camvid = pytest.mark.skipif(not CAMVID.is_dir(), reason="the CamVid pictures are not beside the repository")


def write_pair(directory, split, stem, mask, mode="L", exif=None):
    mask = np.asarray(mask, np.uint8)
    for name in ("images", "masks"):
        (directory / split / name).mkdir(parents=True, exist_ok=True)
    # The picture shows the ids as grey values, so that a test sees both move alike.
    picture = Image.fromarray(np.repeat(mask[..., None] * 80, 3, axis=-1))
    picture.save(directory / split / "images" / f"{stem}.png", **({"exif": exif} if exif else {}))
    if mode == "I;16":
        mask_picture = Image.fromarray(mask.astype(np.uint16))
    else:
        mask_picture = Image.fromarray(mask)
    if mode == "P":
        mask_picture.putpalette([200, 10, 10] * 256)
    mask_picture.save(directory / split / "masks" / f"{stem}.png")


@pytest.fixture
def folder(tmp_path):
    directory = tmp_path / "streets"
    mask = np.zeros((10, 16), np.uint8)
    mask[6:9, 1:5] = 1
    mask[0] = 2
    for split, count in (("val", 1), ("train", 3), ("extra", 1)):
        for index in range(count):
            write_pair(directory, split, f"picture_{index}", np.roll(mask, index * 4, axis=1))
    (directory / "classes.json").write_text(CLASSES)
    return directory


def test_semantic(folder):
    source = ClassMaskFolder(folder)
    assert (source.name, source.task, source.class_names) == ("streets", "semantic", ("sky", "car"))
    assert source.splits == ("train", "val", "extra") and source.num_examples("train") == 3
    example = source.example("train", 0, num_prompts=2)
    assert example.image.shape == (10, 16, 3) and example.image.dtype == np.uint8
    assert example.segmentation_masks.shape == (2, 10, 16) and example.segmentation_masks.dtype == np.uint8
    assert np.unique(example.segmentation_masks).tolist() == [0, 1, 255]
    assert example.kinds == ("description", "description")
    assert all("car" in text and "on the left" in text for text in example.prompts)


def test_referring(folder):
    source = ClassMaskFolder(folder, task="referring")
    assert source.class_names == ()
    example = source.example("train", 0, num_prompts=3)
    assert len(set(example.prompts)) == len(example.kinds) == 3
    assert example.segmentation_masks.shape == (3, 10, 16)
    assert set(example.kinds) <= {"class", "position", "size", "absent"}
    for text, mask in zip(example.prompts, example.segmentation_masks, strict=True):
        assert (mask == 1).sum() == (12 if "car" in text else 160 - 16 - 12)
        assert (mask[0] == 255).all()


@pytest.mark.parametrize("task", ["semantic", "referring"])
def test_texts_depend_on_seed_epoch_split_and_index_only(folder, task):
    def texts(seed=0, **kwargs):
        source = ClassMaskFolder(folder, task=task, seed=seed)
        return [source.example(split, 0, num_prompts=6, **kwargs).prompts for split in ("train", "val")]

    assert texts() == texts() and texts(epoch=4) == texts(epoch=4)
    assert texts() != texts(epoch=1) and texts() != texts(seed=1) and texts()[0] != texts()[1]


def test_first_descriptions_do_not_depend_on_their_number(folder):
    source = ClassMaskFolder(folder)
    four, two = (source.example("train", 1, epoch=2, num_prompts=count).prompts for count in (4, 2))
    assert four[:2] == two


def test_prompts_hold_the_words(folder):
    words = {word for text in ClassMaskFolder(folder).prompts("train") for word in text.replace(",", "").split()}
    assert {"street", "several", "vast", "towards", "cars", "left", "middle"} <= words
    texts = ClassMaskFolder(folder, task="referring").prompts("train", limit=300)
    assert len(texts) == 300
    assert {"leftmost", "rightmost", "biggest", "all", "sky"} <= {word for text in texts for word in text.split()}
    assert len(ClassMaskFolder(folder).prompts("train", limit=7)) == 7


def test_cached_examples_are_read_once(folder):
    source = ClassMaskFolder(folder, task="referring")
    source.check()
    for file in (folder / "train" / "images").iterdir():
        file.unlink()
    example = source.example("train", 2, epoch=1)
    assert not example.image.flags.writeable


def test_the_cache_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(ClassMaskFolder, "CACHE_BYTES", 1500)
    source = ClassMaskFolder(folder)
    source.check()
    assert len(source._cache) == 2 and source._cached_bytes <= 1500
    first, second = (source.example("extra", 0, epoch=1) for _ in range(2))
    assert first.prompts == second.prompts and np.array_equal(first.image, second.image)


def test_many_threads(folder):
    source, alone = ClassMaskFolder(folder, task="referring"), ClassMaskFolder(folder, task="referring")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: source.example("train", k % 3, k // 3, 2).prompts, range(60)))
    assert found == [alone.example("train", k % 3, k // 3, 2).prompts for k in range(60)]
    assert source._cached_bytes == sum(image.nbytes + 2 * mask.nbytes for image, mask, _ in source._cache.values())


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_mask_modes_keep_the_ids(folder, mode):
    write_pair(folder, "val", "picture_0", [[0, 1, 2], [1, 1, 0]], mode=mode)
    with Image.open(folder / "val" / "masks" / "picture_0.png") as picture:
        assert picture.mode == mode
    mask = ClassMaskFolder(folder).example("val", 0).segmentation_masks[0]
    np.testing.assert_array_equal(mask, [[0, 1, 255], [1, 1, 0]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_turns_picture_and_mask_alike(folder, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    write_pair(folder, "val", "picture_0", [[0, 1, 1], [0, 0, 1]], exif=exif)
    example = ClassMaskFolder(folder).example("val", 0)
    assert example.image.shape[:2] == ((2, 3) if orientation < 5 else (3, 2))
    np.testing.assert_array_equal(example.image[..., 0], example.segmentation_masks[0] * 80)


def test_bad_files_are_named(folder):
    image, mask = (folder / "train" / name / "picture_1.png" for name in ("images", "masks"))
    good, good_mask = image.read_bytes(), mask.read_bytes()

    def check_raises(message):
        source = ClassMaskFolder(folder)
        assert source.example("train", 0).prompts  # other pictures are not touched
        for read in (source.check, lambda: source.example("train", 1)):
            with pytest.raises(ValueError, match=message):
                read()

    image.write_bytes(b"not a picture")
    check_raises(r"must decode as JPEG, .*\. Received: .*images.picture_1\.png")
    image.write_bytes(good[: len(good) - 30])
    check_raises(r"must decode as JPEG, .*\. Received: .*images.picture_1\.png")
    image.write_bytes(good)
    mask.write_bytes(b"")
    check_raises(r"must decode as PNG\. Received: .*masks.picture_1\.png")
    Image.fromarray(np.zeros((5, 7), np.uint8)).save(mask)
    check_raises(r"\(7, 5\) in .*masks.picture_1\.png for \(16, 10\) in .*images.picture_1\.png")
    Image.fromarray(np.full((10, 16), 9, np.uint8)).save(mask)
    check_raises(r"Received: \[9\] in .*masks.picture_1\.png")
    Image.fromarray(np.array([[[1, 0, 0]] * 16] * 10, np.uint8)).save(mask)
    check_raises(r"a coloured file of mode RGB, .*masks.picture_1\.png")
    mask.write_bytes(good_mask)
    ClassMaskFolder(folder).check()


@pytest.mark.parametrize("suffix", ["webp", "bmp", "tif", "gif"])
def test_pictures_of_other_formats(folder, suffix):
    image = folder / "train" / "images" / "picture_1.png"
    with Image.open(image) as picture:
        picture.save(image.with_suffix(f".{suffix}"), **({"lossless": True} if suffix == "webp" else {}))
    expected = ClassMaskFolder(folder).example("train", 1).image
    image.unlink()
    source = ClassMaskFolder(folder)
    assert source.where("train", 1) == str(image.with_suffix(f".{suffix}"))
    np.testing.assert_array_equal(source.example("train", 1).image, expected)


def test_masks_of_other_formats_are_refused(folder):
    mask = folder / "train" / "masks" / "picture_1.png"
    with Image.open(mask) as picture:
        picture.save(mask, "GIF")
    with pytest.raises(ValueError, match="must decode as PNG. Received: .*masks.picture_1"):
        ClassMaskFolder(folder).check()


def test_16_bit_photographs_keep_their_brightness(folder):
    grey = np.random.default_rng(0).integers(0, 2**16, (10, 16), "uint16")
    Image.fromarray(grey).save(folder / "val" / "images" / "picture_0.png")
    image = ClassMaskFolder(folder).example("val", 0).image
    np.testing.assert_array_equal(image, np.repeat(grey[..., None] >> 8, 3, axis=-1))


@pytest.mark.parametrize("task", ["semantic", "referring"])
def test_ignored_classes_are_never_spoken_of(folder, task):
    (folder / "classes.json").write_text('{"ignore": [2], "classes": ["sky", {"name": "car"}, "void"]}')
    source = ClassMaskFolder(folder, task=task)
    texts = source.prompts("train") + list(source.example("train", 0, num_prompts=40).prompts)
    assert not [text for text in texts if "void" in text]


def test_missing_masks_are_listed_together(folder):
    (folder / "val" / "masks" / "picture_0.png").unlink()
    with pytest.raises(ValueError, match=r"must have a mask\. Received: .*picture_0\.png without .*masks.*png\.$"):
        ClassMaskFolder(folder)
    for index in range(30, 43):
        write_pair(folder, "train", f"picture_{index}", [[0]])
        (folder / "train" / "masks" / f"picture_{index}.png").unlink()
    with pytest.raises(ValueError, match=r"picture_30\.png without .*; .*picture_38\.png without .*; and 4 more\.$"):
        ClassMaskFolder(folder)


def test_files_in_no_pair_are_known(folder):
    write_pair(folder, "train", "alone", [[0]])
    (folder / "train" / "images" / "alone.png").unlink()
    (folder / "val" / "images" / "notes.txt").write_text("hello")
    (folder / "val" / "images" / ".hidden").write_text("hello")
    unused = [path.name for path in ClassMaskFolder(folder).unused_files]
    assert unused == ["alone.png", "notes.txt"]


def test_missing_and_empty_folders(folder, tmp_path):
    with pytest.raises(ValueError, match="data folder must exist.*nowhere.*images/"):
        ClassMaskFolder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="must hold pictures.*no split in .*empty.*Expected DIR/train"):
        ClassMaskFolder(tmp_path / "empty")
    (folder / "test" / "images").mkdir(parents=True)
    with pytest.raises(ValueError, match="must hold pictures.*no picture in .*test"):
        ClassMaskFolder(folder)


def test_wrong_arguments(folder, tmp_path):
    with pytest.raises(ValueError, match="`task` must be one of.*task='panoptic'"):
        ClassMaskFolder(folder, task="panoptic")
    source = ClassMaskFolder(folder)
    for read in (source.num_examples, source.prompts, lambda split: source.example(split, 0)):
        with pytest.raises(ValueError, match=r"one of \('train', 'val', 'extra'\). Received: split='test'"):
            read("test")
    with pytest.raises(ValueError, match="readable JSON file"):
        ClassMaskFolder(folder, classes=tmp_path / "other.json")
    (tmp_path / "other.json").write_text('["above", "below"]')
    with pytest.raises(ValueError, match=r"Received: \[2\]"):
        ClassMaskFolder(folder, classes=tmp_path / "other.json").check()
    (folder / "classes.json").unlink()
    with pytest.raises(ValueError, match="needs the names of its classes"):
        ClassMaskFolder(folder)


def test_a_mask_of_the_upright_size_is_upright(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    write_pair(folder, "val", "picture_0", [[0, 1, 1], [0, 0, 1]], exif=exif)
    upright = np.array([[1, 0], [1, 1], [0, 0]], np.uint8)
    mask = folder / "val" / "masks" / "picture_0.png"
    Image.fromarray(upright).save(mask)
    np.testing.assert_array_equal(ClassMaskFolder(folder).example("val", 0).segmentation_masks[0], upright)
    Image.fromarray(upright).save(mask, exif=exif)  # says itself how it is to be turned
    with pytest.raises(ValueError, match=r"\(3, 2\) in .*masks.picture_0\.png for \(2, 3\) in .*images.picture_0\.png"):
        ClassMaskFolder(folder).example("val", 0)


@pytest.mark.parametrize(
    "task, prompts, digest",
    [
        ("referring", ("the car on the left side", "all of the sky", "car"), (3794956441, 3121183519)),
        (
            "semantic",
            (
                "a street showing a vast amount of sky everywhere and a big car on the left",
                "a street with a near car on the left and a vast amount of sky everywhere",
                "a street showing a big car on the left and a vast amount of sky everywhere",
            ),
            (2026296260, 2831719324),
        ),
    ],
)
def test_the_same_seed_gives_the_same_bytes_for_ever(folder, task, prompts, digest):
    source = ClassMaskFolder(folder, task=task, seed=3)
    example = source.example("train", 0, num_prompts=3)
    assert example.prompts == prompts
    texts = "\n".join(source.prompts("train", 400))
    assert (zlib.crc32(example.segmentation_masks.tobytes()), zlib.crc32(texts.encode())) == digest


@needs_camvid
@pytest.mark.parametrize("task", ["semantic", "referring"])
@pytest.mark.slow
def test_camvid(task):
    source = ClassMaskFolder(CAMVID, task=task)
    assert source.splits[:2] == ("train", "val")
    start = time.perf_counter()
    source.check()
    assert time.perf_counter() - start < 60
    start = time.perf_counter()
    for index in range(source.num_examples("val")):
        example = source.example("val", index, epoch=1, num_prompts=4)
        assert example.segmentation_masks.shape == (4, 360, 480) and len(set(example.prompts)) >= 3
        assert max(len(text.split()) for text in example.prompts) <= 65
    assert (time.perf_counter() - start) / source.num_examples("val") < 0.005
    known = {word for text in source.prompts("train") for word in text.replace(",", "").split()}
    texts = [text for index in range(50) for text in source.example("val", index, num_prompts=4).prompts]
    assert {word for text in texts for word in text.replace(",", "").split()} <= known
