import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kmm.export import statuses
from kmm.export.read_pictures import read_pictures
from kmm.preprocessing import decode_image, prepare_images


def read(files):
    return [v.numpy() for v in read_pictures(tf.constant(files), (16, 16), max_bytes=100_000, max_pixels=10_000)]


def test_good_pictures_are_read_as_in_training(photographs):
    images, sizes, status = read(photographs)
    assert status.tolist() == [b"OK"] * len(photographs)
    for image, size, content in zip(images, sizes, photographs, strict=True):
        np.testing.assert_array_equal(image, prepare_images(decode_image(tf.constant(content)), (16, 16)))
        assert tuple(size) == Image.open(io.BytesIO(content)).size[::-1]


def test_no_bytes_ever_raise():
    """Files with bytes changed or cut at random places: each is read or told, whatever is in it."""
    generator = np.random.default_rng(0)
    pixels = Image.fromarray(generator.integers(0, 256, (20, 30, 3), "uint8"))
    files = []
    for file_format in ("JPEG", "PNG") * 60:
        buffer = io.BytesIO()
        pixels.save(buffer, file_format)
        content = bytearray(buffer.getvalue())
        for place in generator.integers(8, len(content), 6):
            content[place] = generator.integers(0, 256)
        files.append(bytes(content[: generator.integers(8, len(content) + 1)]))
    images, sizes, status = read(files)
    told = {value.decode() for value in status}
    assert told <= {statuses.OK, statuses.DAMAGED, statuses.too_many_pixels(10_000)} and statuses.DAMAGED in told
    assert not images[status != b"OK"].any() and not sizes[status != b"OK"].any()


@pytest.mark.parametrize("width, height, code", [(100, 100, "OK"), (101, 100, "TOO_MANY_PIXELS")])
def test_limit_of_pixels(width, height, code):
    for encode in (tf.io.encode_png, tf.io.encode_jpeg):
        assert read([encode(tf.zeros((height, width, 3), "uint8")).numpy()])[2][0].decode().split(":")[0] == code


def test_what_a_camera_turned_is_turned_back():
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    pixels = Image.fromarray(np.add.outer(np.arange(16) * 15, np.zeros(16)).astype("uint8"))
    pixels.resize((40, 20)).save(buffer, "JPEG", exif=exif, quality=95)
    images, sizes, _ = read([buffer.getvalue()])
    assert sizes.tolist() == [[40, 20]]
    expected = prepare_images(np.asarray(ImageOps.exif_transpose(Image.open(buffer)).convert("RGB")), (16, 16))
    np.testing.assert_allclose(images[0], expected, atol=3)


def test_a_size_before_the_header_does_not_count():
    """A chunk that a decoder skips, before the true header, whose bytes look like a small size."""
    buffer = io.BytesIO()
    Image.new("L", (2000, 2000)).save(buffer, "PNG")
    data = struct.pack(">II", 1, 1) + b"\x08\0\0\0\0"
    chunk = struct.pack(">I", len(data)) + b"aaAa" + data + struct.pack(">I", zlib.crc32(b"aaAa" + data))
    content = buffer.getvalue()
    assert read([content[:8] + chunk + content[8:]])[2].tolist() == [statuses.DAMAGED.encode()]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have a size"):
        decode_image(tf.constant(content[:8] + chunk + content[8:]))


def test_jpeg_files_of_very_many_scans():
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), (9, 99, 200)).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    assert read([content])[2].tolist() == [b"OK"]
    scan = content.rindex(b"\xff\xda")
    assert read([content[:scan] + content[scan:-2] * 200])[2].tolist() == [statuses.TOO_MANY_SCANS.encode()]
