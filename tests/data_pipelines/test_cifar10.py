import io
import pathlib
import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.cifar10 import CLASSES, Cifar10, captions_of
from kmm.data.record import NO_TARGET

REAL = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "cifar10_mini"
BATCHES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), "uint8")


def as_binary(pixels, labels):
    """The owners' format, written byte by byte."""
    rows = []
    for picture, label in zip(pixels, labels, strict=True):
        channels = [bytes(int(picture[y, x, c]) for y in range(32) for x in range(32)) for c in range(3)]
        rows.append(bytes([label]) + b"".join(channels))
    return b"".join(rows)


@pytest.fixture
def binary(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for seed, name in enumerate(BATCHES):
        content = as_binary(pictures(2, seed), (seed, 9))
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(content)
    return tmp_path


def save_arrays(folder, name="cifar10_mini.npz", **changes):
    arrays = {"x_train": pictures(2), "y_train": np.array([3, 9], np.uint8), "classes": np.array(CLASSES)}
    arrays |= {"x_test": pictures(1, seed=1), "y_test": np.array([[0]])}
    np.savez(folder / name, **{**arrays, **changes})


def decoded(record):
    return np.asarray(Image.open(io.BytesIO(record.image_bytes)))


def test_binary_version(binary):
    data = Cifar10()
    assert data.splits(binary) == ("train", "test")
    train, test = (list(data.items(binary, split)) for split in ("train", "test"))
    assert len(train) == 10 and len(test) == 2
    assert [item.key for item in train[:3]] == ["data_batch_1_00000", "data_batch_1_00001", "data_batch_2_00000"]
    records = [data.record(pickle.loads(pickle.dumps(item))) for item in train]
    assert [record.label for record in records] == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    np.testing.assert_array_equal(decoded(records[3]), pictures(2, seed=1)[1])
    np.testing.assert_array_equal(decoded(data.record(test[0])), pictures(2, seed=5)[0])
    assert list(data.items(binary / "cifar-10-batches-bin", "test"))[0].key == "test_batch_00000"


def test_array_file(tmp_path):
    save_arrays(tmp_path)
    data = Cifar10()
    records = [data.record(item) for split in data.splits(tmp_path) for item in data.items(tmp_path, split)]
    assert [(record.key, record.label) for record in records] == [
        ("train_00000", 3),
        ("train_00001", 9),
        ("test_00000", 0),
    ]
    np.testing.assert_array_equal(decoded(records[1]), pictures(2)[1])


def test_captions_name_the_class_and_have_no_mask(binary):
    data = Cifar10()
    record = data.record(list(data.items(binary, "train"))[1])
    assert record.prompts == ("a photo of a truck", "a picture of a truck", "a small photo of a truck", "a truck")
    assert record.targets == (NO_TARGET,) * 4 and record.mask_bytes == () and set(record.kinds) == {"caption"}
    assert captions_of(0)[0] == "a photo of an airplane" and captions_of(1)[-1] == "an automobile"


def test_missing_files_are_named(binary, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_cifar10.*no .*data_batch_1\.bin.*cifar10\.npz"):
        Cifar10().splits(tmp_path / "nowhere")
    (binary / "cifar-10-batches-bin" / "data_batch_4.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*data_batch_4\.bin"):
        list(Cifar10().items(binary, "train"))


def test_the_owners_files_come_before_an_array_file(binary):
    save_arrays(binary)
    assert len(list(Cifar10().items(binary, "train"))) == 10


def test_bad_binary_files_are_named(binary):
    path, data = binary / "cifar-10-batches-bin" / "test_batch.bin", Cifar10()
    content = path.read_bytes()
    path.write_bytes(b"\x0a" + content[1:])
    item = next(data.items(binary, "test"))
    with pytest.raises(ValueError, match=r"0 to 9\. Received: 10 for picture 0 of .*test_batch\.bin"):
        data.record(item)
    for cut in (content[:-1], b""):
        path.write_bytes(cut)
        with pytest.raises(ValueError, match=rf"multiple of 3073 bytes\. Received: {len(cut)} bytes in .*test_batch"):
            list(data.items(binary, "test"))
    with pytest.raises(ValueError, match="Received: split='val'"):
        list(data.items(binary, "val"))


@pytest.mark.parametrize(
    "changes",
    [
        {"x_train": np.zeros((2, 32, 32, 3), np.float32)},
        {"x_train": np.zeros((3, 32, 32, 3), np.uint8)},
        {"x_train": np.zeros((2, 16, 16, 3), np.uint8)},
        {"y_train": np.array([0.5, 1.0])},
        {"classes": np.array(CLASSES[::-1])},
    ],
)
def test_arrays_of_another_form_are_refused(tmp_path, changes):
    save_arrays(tmp_path, **changes)
    with pytest.raises(ValueError, match=r"(?s)must be uint8 pictures.*cifar10_mini\.npz"):
        list(Cifar10().items(tmp_path, "train"))


def test_bad_array_files_are_named(tmp_path):
    path = tmp_path / "cifar10.npz"
    for content in (b"", b"not an archive", b"PK\x03\x04 cut off"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"must hold x_train and y_train\. Received: .*cifar10\.npz"):
            list(Cifar10().items(tmp_path, "train"))
    np.savez(path, x_train=pictures(1))
    with pytest.raises(ValueError, match=r"must hold x_train and y_train"):
        list(Cifar10().items(tmp_path, "train"))
    save_arrays(tmp_path, name="cifar10.npz", y_train=np.array([-1, 10]))
    for item in Cifar10().items(tmp_path, "train"):
        with pytest.raises(ValueError, match=r"0 to 9\. Received: (-1|10) for picture"):
            Cifar10().record(item)


def test_pickled_arrays_are_refused(tmp_path):
    save_arrays(tmp_path, x_train=np.array([{"a": 1}, None], dtype=object))
    with pytest.raises(ValueError, match=r"must hold x_train and y_train.*Object arrays"):
        list(Cifar10().items(tmp_path, "train"))


def test_several_array_files_are_refused(tmp_path):
    save_arrays(tmp_path)
    save_arrays(tmp_path, name="cifar10_other.npz")
    with pytest.raises(ValueError, match=r"One array file.*Received: \['cifar10_mini.npz', 'cifar10_other.npz'\]"):
        Cifar10().splits(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the pictures are not beside the repository")
def test_real_files():
    data = Cifar10()
    items = {split: list(data.items(REAL, split)) for split in data.splits(REAL)}
    assert {split: len(found) for split, found in items.items()} == {"train": 3000, "test": 600}
    assert {data.record(item).label for item in items["test"][::7]} == set(range(10))
