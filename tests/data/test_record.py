import io

import numpy as np
import pytest
from PIL import Image

from kmm.data.record import NO_TARGET, Record


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def test_bytes_and_back():
    record = Record(
        key="1/é", image_bytes=b"\x00picture", prompts=("a car", "кот", ""), targets=(0, 0, NO_TARGET),
        mask_bytes=(b"mask",), boxes=((0.25, 0.0, 1.0, 0.5),), kinds=("name", "name", "absent"), group="film",
        position=7, label=3, audio_bytes=b"RIFF",
    )  # fmt: skip
    assert Record.from_bytes(record.to_bytes()) == record
    assert record.to_bytes() == record.to_bytes()


def test_defaults_survive():
    record = Record("k", b"x", prompts=("a",), targets=(NO_TARGET,))
    assert record.kinds == ("phrase",)
    assert Record.from_bytes(record.to_bytes()) == record


def test_mask_is_its_part_on_zeros():
    part = np.arange(1, 7, dtype=np.uint8).reshape(2, 3)
    picture = png(np.zeros((10, 12, 3), np.uint8))
    record = Record("k", picture, mask_bytes=(png(part), png(part[:1, :1])), boxes=((0.3, 0.5, 0.5, 0.75), (0,) * 4))
    expected = np.zeros((10, 12), np.uint8)
    expected[3:5, 6:9] = part
    np.testing.assert_array_equal(record.mask(0), expected)
    assert record.mask(1).shape == (10, 12) and not record.mask(1).any()


@pytest.mark.parametrize(
    "parts",
    [
        {"prompts": ("a",)},
        {"prompts": ("a",), "targets": (0,)},
        {"prompts": ("a",), "targets": (-2,)},
        {"prompts": ("a",), "targets": (NO_TARGET,), "kinds": ("x", "y")},
        {"mask_bytes": (b"m",)},
    ],
)
def test_parts_that_do_not_fit(parts):
    with pytest.raises(ValueError, match="a target and a kind for each prompt"):
        Record("k", b"x", **parts)
