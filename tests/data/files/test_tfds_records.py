import io

import numpy as np
import pytest
from PIL import Image

from kmm.data.files.tfds_records import CANONICAL, TfdsRecords, png_bytes, record_of
from kmm.data.record import NO_TARGET
from kmm.preprocessing import read_mask

PARTS = {"image": "image", "prompts": "prompts", "masks": "masks"}
IMAGE = np.zeros((4, 6, 3), np.uint8)
LEFT, RIGHT = np.zeros((4, 6, 1), np.uint8), np.zeros((4, 6, 1), np.uint8)
LEFT[:, :3], RIGHT[:, 3:] = 1, 1


def encoded(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "masks",
    [
        np.stack([LEFT, RIGHT]),
        [LEFT, RIGHT],
        np.array([encoded(LEFT[..., 0]), encoded(RIGHT[..., 0])], object),
        np.stack([LEFT, RIGHT])[..., 0],
    ],
)
def test_a_mask_for_each_prompt(masks):
    example = {"image": IMAGE, "prompts": np.array([b"left", "caf\u00e9".encode()], object), "masks": masks}
    record = record_of(example, PARTS, "mine/train[0]")
    assert (record.key, record.prompts, record.targets, record.group) == (
        "mine/train[0]",
        ("left", "caf\u00e9"),
        (0, 1),
        "",
    )
    for content, mask in zip(record.mask_bytes, (LEFT, RIGHT), strict=True):
        np.testing.assert_array_equal(read_mask(content), mask[..., 0])
    assert record.kinds == ("phrase", "phrase")


@pytest.mark.parametrize("mask", [LEFT, LEFT[..., 0], LEFT.astype(bool), encoded(LEFT[..., 0]), LEFT[None]])
def test_one_mask(mask):
    record = record_of({"image": encoded(IMAGE), "prompts": [b"a", b"b"], "masks": mask}, PARTS, "")
    assert record.targets == (0, 0) and record.image_bytes == encoded(IMAGE)
    np.testing.assert_array_equal(read_mask(record.mask_bytes[0]), LEFT[..., 0])
    record = record_of({"image": IMAGE, "prompts": b"a", "masks": mask}, PARTS, "")
    assert (record.prompts, record.targets) == (("a",), (0,))
    record = record_of({"image": IMAGE, "masks": mask}, {**PARTS, "prompts": None}, "")
    assert record.prompts == () and len(record.mask_bytes) == 1


def test_targets_and_kinds():
    example = {
        "image": IMAGE,
        "prompts": [b"left", b"a", b"the left"],
        "masks": [LEFT],
        "targets": np.array([0, -1, 0]),
        "kinds": [b"side", b"absent", b"side"],
    }
    record = record_of(example, PARTS, "")
    assert record.targets == (0, NO_TARGET, 0) and record.kinds == ("side", "absent", "side")
    assert record.group == CANONICAL


def test_numbers_that_do_not_fit():
    with pytest.raises(ValueError, match="one mask, or one for each prompt. Received: 2 masks, 3 prompts"):
        record_of({"image": IMAGE, "prompts": [b"a"] * 3, "masks": [LEFT, RIGHT]}, PARTS, "")
    with pytest.raises(ValueError, match="A record needs a target and a kind for each prompt"):
        record_of({"image": IMAGE, "prompts": [b"a"], "masks": [LEFT], "targets": [3]}, PARTS, "")


@pytest.mark.parametrize("dtype, most", [("uint8", 255), ("uint16", 300), ("int64", 65535), ("int32", 7)])
def test_ids_survive(dtype, most):
    ids = np.array([[0, 1, most]], dtype)
    np.testing.assert_array_equal(read_mask(png_bytes(ids)), ids)
    np.testing.assert_array_equal(read_mask(png_bytes(ids[..., None])), ids)


@pytest.mark.parametrize("pixels", [np.zeros((2, 3), np.float32), np.full((2, 3), -1), np.full((2, 3), 2**16)])
def test_other_pixels_are_refused(pixels):
    with pytest.raises(ValueError, match=rf"whole numbers in \[0, 65535\]. Received: an array of {pixels.dtype}"):
        png_bytes(pixels)


def test_an_unknown_split():
    class Builder:
        name = "mine"

        class info:
            splits = {"train": None}

    with pytest.raises(ValueError, match=r"one of 'mine', \['train'\]. Received: 'test\[:9\]'. Correct `split_map`"):
        TfdsRecords(Builder(), "test[:9]", PARTS)
