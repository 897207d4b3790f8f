import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from kmm.preprocessing import read_mask
from kmm.preprocessing.read_mask import read_stored_mask, turn_upright

IDS = np.array([[0, 1, 2, 255], [3, 0, 1, 254], [7, 7, 0, 0]], np.uint8)


def png(array, mode=None, **options):
    file = io.BytesIO()
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(file, "PNG", **options)
    return file.getvalue()


def raw_png(width, height, bits, colour_type, rows):
    """A PNG file of given raw rows, each after its filter byte."""
    content = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content


def test_grey_files(tmp_path):
    (tmp_path / "mask.png").write_bytes(png(IDS))
    for source in (tmp_path / "mask.png", str(tmp_path / "mask.png"), png(IDS)):
        found = read_mask(source)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, IDS)


def test_16_bits_keep_both_bytes():
    ids = IDS.astype(np.uint16) * 257
    np.testing.assert_array_equal(read_mask(png(ids)), ids)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_give_the_index(bits):
    ids = IDS & np.uint8(2**bits - 1)
    picture = Image.fromarray(ids, "L")
    picture.putpalette([200, 10, 10] * 256)
    file = io.BytesIO()
    picture.save(file, "PNG", bits=bits, transparency=0)
    assert file.getvalue()[24] == bits
    np.testing.assert_array_equal(read_mask(file.getvalue()), ids)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_grey_bits_keep_the_stored_values(bits):
    ids = IDS & np.uint8(2**bits - 1)
    rows = b"".join(b"\0" + pack(row, bits) for row in ids)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 4, 3, bits, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    np.testing.assert_array_equal(read_mask(content), ids)


def pack(row, bits):
    return np.packbits(((row[:, None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8).reshape(-1)).tobytes()


@pytest.mark.parametrize("mode", ["LA", "RGB", "RGBA"])
def test_grey_saved_as_colours(mode):
    np.testing.assert_array_equal(read_mask(png(IDS, mode)), IDS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = png(IDS, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    np.testing.assert_array_equal(read_mask(content), expected)
    stored, found = read_stored_mask(content)
    assert found == orientation
    np.testing.assert_array_equal(stored, IDS)
    np.testing.assert_array_equal(turn_upright(stored, found), expected)


def test_an_unknown_orientation_means_upright():
    exif = Image.Exif()
    exif[0x0112] = 77
    np.testing.assert_array_equal(read_mask(png(IDS, exif=exif)), IDS)


def test_colours_are_refused(tmp_path):
    colours = np.stack([IDS, IDS, IDS + 1], axis=-1)
    (tmp_path / "colours.png").write_bytes(png(colours))
    with pytest.raises(ValueError, match="one class id per pixel.*a coloured file of mode RGB, .*colours.png. Save"):
        read_mask(tmp_path / "colours.png")


def test_16_bit_colours_are_refused():
    """Pillow drops their lower bytes, so equal channels may come from different ids."""
    rows = b"\0" + np.full((2, 3), 300, ">u2").tobytes()
    with pytest.raises(ValueError, match="a 16-bit file of mode RGB"):
        read_mask(raw_png(2, 1, 16, 2, rows))


@pytest.mark.parametrize("name", ["JPEG", "BMP", "TIFF", "GIF", "WEBP"])
def test_other_formats_are_refused(name, tmp_path):
    Image.fromarray(IDS).save(tmp_path / "mask.png", name)
    with pytest.raises(ValueError, match=r"must decode as PNG\. Received: .*mask\.png"):
        read_mask(tmp_path / "mask.png")


def test_damaged_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="must exist. Received: .*nowhere.png"):
        read_mask(tmp_path / "nowhere.png")
    good = png(IDS)
    for content in (b"", good[:40], good[:-24], good[:45] + b"\xff" * 9 + good[54:]):
        (tmp_path / "mask.png").write_bytes(content)
        with pytest.raises(ValueError, match=r"must decode as PNG\. Received: .*mask\.png"):
            read_mask(tmp_path / "mask.png")
    with pytest.raises(ValueError, match=r"Received: 40 bytes that begin with b'\\x89PNG"):
        read_mask(good[:40])


def test_a_huge_mask_is_refused_by_its_header():
    with pytest.raises(ValueError, match="at most 67108864 pixels, by the size in its header"):
        read_mask(raw_png(20_000, 20_000, 8, 0, b""))
