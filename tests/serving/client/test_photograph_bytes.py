import io
import pathlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from kmm.serving.client.photograph_bytes import ORIENTATION, photograph_bytes

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 6, 3), "uint8").repeat(8, 0).repeat(8, 1)


def read(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def encode(file_format, orientation=None, picture=None):
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    picture = Image.fromarray(PIXELS) if picture is None else picture
    picture.save(buffer, file_format, exif=exif if orientation is not None else b"")
    return buffer.getvalue()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", [None, 1, 0, 9])
def test_upright_files_go_as_they_are(file_format, orientation, tmp_path):
    content = encode(file_format, orientation)
    assert photograph_bytes(content) is content
    path = tmp_path / "photograph"
    path.write_bytes(content)
    assert photograph_bytes(path) == photograph_bytes(str(path)) == content
    assert photograph_bytes(bytearray(content)) == photograph_bytes(memoryview(content)) == content


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_png_files_become_upright_and_turned_jpeg_files_are_left_to_the_export(orientation):
    content = encode("PNG", orientation)
    sent = Image.open(io.BytesIO(photograph_bytes(content)))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert sent.format == "PNG" and not sent.getexif().get(ORIENTATION)
    np.testing.assert_array_equal(np.asarray(sent), upright)
    assert upright.shape[:2] == ((48, 32) if orientation >= 5 else (32, 48))
    content = encode("JPEG", orientation)
    assert photograph_bytes(content) is content


def test_turned_files_of_other_modes():
    deep = Image.fromarray(PIXELS[..., 0].astype("uint16") * 257)
    assert np.array_equal(read(photograph_bytes(encode("PNG", 3, deep))), np.asarray(deep)[::-1, ::-1])


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG", encode("JPEG", 6)[:120]])
def test_what_cannot_be_read_goes_as_it_is(content):
    assert photograph_bytes(content) == content


def test_a_bomb_is_not_decoded(monkeypatch):
    content = encode("PNG", 6)
    monkeypatch.setattr("kmm.serving.client.photograph_bytes.MAX_TURNED_PIXELS", 32 * 48 - 1)
    assert photograph_bytes(content) is content


def test_arrays_and_pictures_lose_nothing():
    for image in (PIXELS, PIXELS[::-1, ::2], PIXELS[..., 0], Image.fromarray(PIXELS)):
        assert np.array_equal(read(photograph_bytes(image)), np.asarray(image))
    turned = Image.open(io.BytesIO(encode("PNG", 6)))
    assert np.array_equal(read(photograph_bytes(turned)), np.rot90(PIXELS, -1))
    assert read(photograph_bytes(Image.fromarray(PIXELS).convert("CMYK"))).shape == PIXELS.shape


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (pathlib.Path("nowhere.png"), FileNotFoundError, "An image file must exist. Received: nowhere.png"),
        (PIXELS / 255, TypeError, "must hold uint8 values.*Received: dtype=float64"),
        (PIXELS[None], ValueError, r"Received: shape=\(1, 32, 48, 3\)"),
        (np.zeros((4, 6, 4), "uint8"), ValueError, "drop an alpha channel"),
        (np.zeros((0, 6, 3), "uint8"), ValueError, "must have the shape"),
        (None, TypeError, "must be a path, bytes, a uint8 array or a PIL image. Received: NoneType"),
    ],
)
def test_errors(image, error, message):
    with pytest.raises(error, match=message):
        photograph_bytes(image)
