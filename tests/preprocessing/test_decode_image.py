import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kmm.preprocessing import decode_image


def encode(mode, file_format, size=(7, 5), **options):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), "uint8")
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, file_format, **options)
    return buffer.getvalue()


def png_of_size(width, height):
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunks + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1"])
def test_png_equals_pillow(mode):
    image_bytes = encode(mode, "PNG")
    image = decode_image(image_bytes)
    assert image.dtype == "uint8" and tuple(image.shape) == (5, 7, 3)
    np.testing.assert_array_equal(image, Image.open(io.BytesIO(image_bytes)).convert("RGB"))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_decodes(mode, progressive):
    image = decode_image(encode(mode, "JPEG", size=(24, 17), progressive=progressive))
    assert image.dtype == "uint8" and tuple(image.shape) == (17, 24, 3)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_jpeg_equals_pillow(mode, subsampling):
    image_bytes = encode(mode, "JPEG", size=(75, 50), subsampling=subsampling)
    np.testing.assert_array_equal(decode_image(image_bytes), Image.open(io.BytesIO(image_bytes)).convert("RGB"))


def test_same_in_tf_data():
    files = [encode("RGB", "PNG"), encode("RGB", "JPEG"), encode("L", "PNG")]
    dataset = tf.data.Dataset.from_tensor_slices(files).map(decode_image)
    assert dataset.element_spec.shape.as_list() == [None, None, 3]
    for image_bytes, image in zip(files, dataset, strict=True):
        np.testing.assert_array_equal(image, decode_image(image_bytes))


@pytest.mark.parametrize("image_bytes", [b"", b"\xff", b"hello", encode("P", "GIF"), encode("RGB", "BMP")])
def test_other_formats_are_refused(image_bytes):
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be a JPEG or PNG"):
        decode_image(image_bytes)


@pytest.mark.parametrize("image_bytes", [encode("RGB", "PNG")[:20], encode("RGB", "PNG")[:60], b"\xff\xd8\xff garbage"])
def test_damaged_files_are_refused(image_bytes):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_image(image_bytes)


@pytest.mark.parametrize("width, height", [(2**16, 2**16), (2**31 - 1, 2**31 - 1), (2**32 - 1, 2**32 - 1), (2**30, 1)])
def test_a_file_that_claims_too_much_is_refused(width, height):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_image(png_of_size(width, height))


def test_max_pixels():
    for file_format in ("PNG", "JPEG"):
        image_bytes = encode("RGB", file_format)
        assert tuple(decode_image(image_bytes, max_pixels=35).shape) == (5, 7, 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="at most 34 pixels"):
            decode_image(image_bytes, max_pixels=34)
        with pytest.raises(tf.errors.InvalidArgumentError, match="at most 34 pixels"):
            list(tf.data.Dataset.from_tensors(image_bytes).map(lambda b: decode_image(b, max_pixels=34)))
