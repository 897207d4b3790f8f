import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kmm.preprocessing import decode_image, read_image
from kmm.preprocessing.read_image import open_image, read_image_and_orientation

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), "uint8")
SMOOTH = np.stack(np.broadcast_arrays(np.arange(0, 128, 8)[:, None], np.arange(0, 160, 8), 90), axis=-1).astype("uint8")
LISTED = "JPEG, PNG, WebP, BMP, TIFF or GIF"


def encoded(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1", "I;16"])
def test_the_same_pixels_as_in_an_export(mode, tmp_path):
    path = tmp_path / "photograph.png"
    if mode == "I;16":
        Image.fromarray(PIXELS[..., 0].astype("uint16") * 256 + PIXELS[..., 1]).save(path)
    else:
        Image.fromarray(PIXELS).convert(mode).save(path)
    with Image.open(path) as picture:
        assert picture.mode == mode
    image = read_image(path)
    assert image.dtype == np.uint8 and image.shape == (5, 7, 3) and len(np.unique(image)) >= 2
    np.testing.assert_array_equal(image, decode_image(path.read_bytes()))
    np.testing.assert_array_equal(image, read_image(path.read_bytes()))
    np.testing.assert_array_equal(image, read_image(str(path)))


def test_transparent_palettes(tmp_path):
    Image.fromarray(PIXELS).convert("P").save(tmp_path / "photograph.png", transparency=bytes(range(9)))
    image = read_image(tmp_path / "photograph.png")
    np.testing.assert_array_equal(image, decode_image((tmp_path / "photograph.png").read_bytes()))


@pytest.mark.parametrize("form, options", [("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}), ("PNG", {})])
def test_lossless_formats(form, options):
    np.testing.assert_array_equal(read_image(encoded(Image.fromarray(PIXELS), form, **options)), PIXELS)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_lossy_formats(form):
    image = read_image(encoded(Image.fromarray(SMOOTH), form, quality=95))
    np.testing.assert_allclose(image.astype(int), SMOOTH, atol=16)


def test_of_an_animation_the_first_picture():
    red, blue = (Image.new("RGB", (6, 4), colour) for colour in ("red", "blue"))
    for form, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("PNG", {})):
        image = read_image(encoded(red, form, save_all=True, append_images=[blue], **options))
        np.testing.assert_array_equal(image, np.broadcast_to(np.uint8([255, 0, 0]), (4, 6, 3)), err_msg=form)


def test_cmyk():
    """Cyan takes the red away."""
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[..., 0] = 200
    for form in ("JPEG", "TIFF"):
        image = read_image(encoded(Image.fromarray(ink, "CMYK"), form))
        np.testing.assert_allclose(image.astype(int), np.broadcast_to([55, 255, 255], (8, 8, 3)), atol=6, err_msg=form)


def test_16_bit_tiff_keeps_the_upper_byte():
    grey = PIXELS[..., 0].astype("uint16") * 256 + PIXELS[..., 1]
    image = read_image(encoded(Image.fromarray(grey), "TIFF"))
    np.testing.assert_array_equal(image, np.repeat(PIXELS[..., :1], 3, axis=-1))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff"])
def test_exif_rotation(suffix, dtype, tmp_path):
    if (suffix, dtype) == ("jpg", "uint16"):
        pytest.skip("JPEG has 8 bits")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    ramp = np.repeat(np.arange(16, dtype=dtype)[:, None] * 16, 8, axis=1)
    Image.fromarray(ramp * (256 if dtype == "uint16" else 1)).save(tmp_path / f"turned.{suffix}", exif=exif)
    image, orientation = read_image_and_orientation(tmp_path / f"turned.{suffix}")
    assert orientation == 6 and image.shape == (8, 16, 3)
    np.testing.assert_allclose(image[..., 0], np.rot90(ramp, -1), atol=3)


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*nowhere.png"):
        read_image(tmp_path / "nowhere.png")
    good = encoded(Image.fromarray(PIXELS), "PNG")
    bad = {
        "empty.png": b"",
        "short.png": good[:60],
        "headless.png": good[:20],
        "damaged.jpg": b"\xff\xd8\xff damaged",
        "damaged.webp": encoded(Image.fromarray(PIXELS), "WEBP")[:40],
        "page.jpg": b"<html>404</html>",
        "short.jpg": encoded(Image.fromarray(np.tile(PIXELS, (20, 20, 1))), "JPEG")[:-2000],
        "other.ppm": encoded(Image.fromarray(PIXELS), "PPM"),
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"must decode as {LISTED}. Received: .*{name}"):
            read_image(tmp_path / name)
    with pytest.raises(ValueError, match=f"must decode as {LISTED}. Received: 60 bytes that begin with b'.x89PNG"):
        read_image(good[:60])


def test_other_number_types_are_refused():
    with pytest.raises(ValueError, match="floating-point"):
        read_image(encoded(Image.fromarray(np.zeros((2, 3), np.float32)), "TIFF"))
    with pytest.raises(ValueError, match=r"not in \[0, 65535\]"):
        read_image(encoded(Image.fromarray(np.full((2, 3), 2**20, np.int32)), "TIFF"))


def test_open_image_reads_what_a_graph_reads(tmp_path):
    assert open_image(encoded(Image.fromarray(PIXELS), "PNG")).size == (7, 5)
    Image.fromarray(PIXELS).save(tmp_path / "named.png", "GIF")
    with pytest.raises(ValueError, match="must decode as JPEG or PNG. Received: .*named.png"):
        open_image(tmp_path / "named.png")


@pytest.mark.parametrize("side", [9_000, 10_000, 20_000])
@pytest.mark.filterwarnings("error")
def test_huge_pictures_are_refused_by_their_header(side, tmp_path):
    """Without their pixels, which would not fit in memory many times over."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    (tmp_path / "huge.png").write_bytes(content)
    with pytest.raises(ValueError, match="at most 67108864 pixels, by the size in its header. Received: .*huge.png"):
        read_image(tmp_path / "huge.png")
