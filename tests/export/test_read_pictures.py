import io

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
