import io
import struct
import zlib

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from data_pipelines.record_parts import box_of, image_bytes, image_size, png_bytes, referring_record, semantic_record
from kmm.data.record import NO_TARGET, Record
from kmm.preprocessing import decode_image, read_image

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9, 3), "uint8")
MASK = (PIXELS[..., 0] > 127).astype("uint8")
ORIENTATION = 0x0112


def encode(picture, file_format="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def turned_by_exif(file_format, orientation=6):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encode(Image.fromarray(PIXELS), file_format, exif=exif)


def grey_png(width, height, bits, rows):
    """A grey PNG file of any bit depth, made by hand."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*parts) for parts in chunks)


def four_bit_png(values):
    """A grey PNG file with 4 bits for each pixel, which Pillow reads and does not write."""
    height, width = values.shape
    even = np.pad(values, ((0, 0), (0, width % 2)))
    return grey_png(width, height, 4, b"".join(b"\0" + (row[::2] << 4 | row[1::2]).tobytes() for row in even))


RGB, GREY = Image.fromarray(PIXELS), Image.fromarray(PIXELS[..., 0])
KEPT = {
    "RGB PNG": encode(RGB),
    "grey PNG": encode(GREY),
    "RGB JPEG": encode(RGB, "JPEG"),
    "progressive JPEG": encode(RGB, "JPEG", progressive=True),
    "grey JPEG": encode(GREY, "JPEG"),
    "JPEG that says it is upright": turned_by_exif("JPEG", 1),
    "JPEG with an unknown orientation": turned_by_exif("JPEG", 9),
}
CHANGED = {
    "turned JPEG": turned_by_exif("JPEG"),
    "turned PNG": turned_by_exif("PNG"),
    "CMYK JPEG": encode(RGB.convert("CMYK"), "JPEG"),
    "palette PNG": encode(RGB.quantize(7)),
    "RGBA PNG": encode(RGB.convert("RGBA")),
    "grey and alpha PNG": encode(GREY.convert("LA")),
    "1-bit PNG": encode(GREY.convert("1")),
    "4-bit grey PNG": four_bit_png(PIXELS[..., 0] >> 4),
    "transparent colour PNG": encode(RGB, transparency=(1, 2, 3)),
    "16-bit grey PNG": tf.io.encode_png(PIXELS[..., :1].astype("uint16") * 257).numpy(),
    "16-bit RGB PNG": tf.io.encode_png(PIXELS.astype("uint16") * 257).numpy(),
    "WebP": encode(RGB, "WebP", lossless=True),
    "TIFF": encode(RGB, "TIFF"),
    "GIF": encode(RGB.quantize(7), "GIF"),
    "BMP": encode(RGB, "BMP"),
}


@pytest.mark.parametrize("name", KEPT)
def test_canonical_files_keep_their_bytes(name, tmp_path):
    (tmp_path / "picture").write_bytes(KEPT[name])
    assert image_bytes(tmp_path / "picture") == KEPT[name]
    assert image_bytes(str(tmp_path / "picture")) == KEPT[name]
    assert image_bytes(KEPT[name]) == KEPT[name]


@pytest.mark.parametrize("name", CHANGED)
def test_other_files_become_rgb_png(name, tmp_path):
    (tmp_path / "picture").write_bytes(CHANGED[name])
    content = image_bytes(tmp_path / "picture")
    assert content.startswith(b"\x89PNG") and content[24:26] == bytes([8, 2])
    np.testing.assert_array_equal(decode_image(content).numpy(), read_image(CHANGED[name]))
    assert image_bytes(content) == content


def test_values_survive():
    assert (decode_image(image_bytes(CHANGED["16-bit RGB PNG"])).numpy() == PIXELS).all()
    assert (decode_image(image_bytes(CHANGED["16-bit grey PNG"])).numpy() == PIXELS[..., :1]).all()
    assert (decode_image(image_bytes(CHANGED["4-bit grey PNG"])).numpy() == (PIXELS[..., :1] >> 4) * 17).all()
    assert (decode_image(image_bytes(CHANGED["turned PNG"])).numpy() == np.rot90(PIXELS, -1)).all()
    assert (decode_image(image_bytes(CHANGED["WebP"])).numpy() == PIXELS).all()


def test_image_size_reads_the_header_alone():
    assert image_size(KEPT["RGB PNG"][:80]) == (6, 9)
    assert image_size(KEPT["RGB JPEG"]) == (6, 9)


def test_image_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="A picture must exist. Received: .*nowhere.jpg"):
        image_bytes(tmp_path / "nowhere.jpg")
    for name, content in {
        "cut.jpg": KEPT["RGB JPEG"][:-30],
        "cut.png": KEPT["RGB PNG"][:60],
        "none": b"",
        "x": b"<html>",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"must decode .*{name}"):
            image_bytes(tmp_path / name)
    with pytest.raises(ValueError, match="at most .* pixels"):
        image_bytes(grey_png(20_000, 20_000, 8, b"\0" * 100))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_png_bytes_lose_nothing(shape):
    pixels = np.random.default_rng(1).integers(0, 256, shape, "uint8")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(pixels)))), pixels)
    assert png_bytes(pixels) == png_bytes(pixels.copy(order="F"))


def test_png_errors():
    for pixels, kind in ((MASK.astype(bool), "bool"), (MASK.astype("int64"), "int64"), ([[0]], "list")):
        with pytest.raises(TypeError, match=f"must be an array of uint8. Received: {kind}"):
            png_bytes(pixels)
    for shape in ((3,), (2, 2, 4), (2, 2, 1), (0, 2), (1, 2, 2, 3)):
        with pytest.raises(ValueError, match="Pixels must have the shape"):
            png_bytes(np.zeros(shape, "uint8"))


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(
    hnp.arrays(
        "uint8", hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.sampled_from([0, 0, 0, 1, 7, 255])
    )
)
def test_box_is_the_smallest_around_what_is_drawn(mask):
    top, left, bottom, right = box_of(mask)
    drawn = [(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    if not drawn:
        assert (top, left, bottom, right) == (0.0, 0.0, 0.0, 0.0)
        return
    ends = np.array([np.min(drawn, axis=0), np.max(drawn, axis=0) + 1]) / mask.shape
    np.testing.assert_array_equal(np.float32([[top, left], [bottom, right]]), ends.astype("float32"))
    assert all(float(np.float32(corner)) == corner for corner in (top, left, bottom, right)), "survives a record"


def test_referring_record():
    other = np.full((6, 9), 255, "uint8")
    phrases = [
        ("a", MASK, "name"),
        ("b", None, "absent"),
        ("c", other, "part"),
        ("d", MASK, "relation"),
        ("", MASK > 0, "x"),
    ]
    record = referring_record("7", KEPT["RGB JPEG"], iter(phrases), group="film", position=3, audio_bytes=b"RIFF")
    assert record.prompts == ("a", "b", "c", "d", "")
    assert record.targets == (0, NO_TARGET, 1, 0, 2), "one array is one mask, as often as it is named"
    assert record.kinds == ("name", "absent", "part", "relation", "x")
    np.testing.assert_array_equal([record.mask(k) for k in range(3)], [MASK, other, MASK])
    assert record.boxes == (box_of(MASK), (0.0, 0.0, 1.0, 1.0), box_of(MASK))
    assert (record.key, record.group, record.position, record.audio_bytes) == ("7", "film", 3, b"RIFF")
    assert record.image_bytes == KEPT["RGB JPEG"]
    assert Record.from_bytes(record.to_bytes()) == record


def test_referring_record_of_a_turned_picture(tmp_path):
    (tmp_path / "turned.jpg").write_bytes(CHANGED["turned JPEG"])
    record = referring_record("1", tmp_path / "turned.jpg", [("a", np.ones((9, 6), "uint8"), "name")])
    assert image_size(record.image_bytes) == (9, 6)
    with pytest.raises(ValueError, match=r"picture's \(height, width\) = \(9, 6\). Received: \(6, 9\) in record '1'"):
        referring_record("1", tmp_path / "turned.jpg", [("a", MASK, "name")])


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(hnp.arrays("uint8", (6, 9), elements=st.sampled_from([0, 0, 0, 0, 0, 1, 255])))
def test_the_part_in_the_box_is_the_whole_mask(mask):
    record = referring_record("1", KEPT["RGB PNG"], [("a", mask, "name")])
    np.testing.assert_array_equal(record.mask(0), mask)
    top, left, bottom, right = np.multiply(record.boxes[0], (6, 9, 6, 9))
    area = max(1, round((bottom - top) * (right - left)))
    assert np.prod(image_size(record.mask_bytes[0])) == area, "only the box is stored"


def test_captions_need_no_masks():
    record = referring_record("1", KEPT["RGB PNG"], [("a dog runs", None, "caption")])
    assert record.mask_bytes == () and record.targets == (NO_TARGET,)


def test_semantic_record():
    ids = (MASK * 20 + 1).astype("uint8")
    record = semantic_record("k", KEPT["grey PNG"], ids, group="g", position=2, label=4)
    np.testing.assert_array_equal(record.mask(0), ids)
    assert record.boxes == ((0.0, 0.0, 1.0, 1.0),)
    assert (record.prompts, record.group, record.position, record.label) == ((), "g", 2, 4)


def test_record_errors():
    picture = KEPT["RGB PNG"]
    for mask, kind in ((MASK.astype("int32"), "int32"), ([[1]], "list")):
        with pytest.raises(TypeError, match=f"must be an array of uint8. Received: {kind} in record 'k'"):
            referring_record("k", picture, [("a", mask, "name")])
        with pytest.raises(TypeError, match=f"Received: {kind} in record 'k'"):
            semantic_record("k", picture, mask)
    with pytest.raises(ValueError, match=r"Received: \(5, 9\) in record 'k'"):
        semantic_record("k", picture, MASK[:5])
    with pytest.raises(ValueError, match=r"drawn with \(0, 1, 255\). Received: \[2, 9\] in record 'k'"):
        referring_record("k", picture, [("a", np.where(MASK > 0, 9, 2).astype("uint8"), "name")])
    for text in (None, 5, b"bytes", "half \ud83d of an emoji"):
        with pytest.raises(ValueError, match="A prompt must be a text that UTF-8 can hold. Received: .* in record 'k'"):
            referring_record("k", picture, [(text, MASK, "name")])
