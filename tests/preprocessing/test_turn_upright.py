import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kmm.preprocessing.turn_upright import exif_orientation, turn_upright

TEXT_TAGS = (0x010E, 0x010F, 0x0110, 0x0131)


def jpeg(orientation=None, endian="<", filler=0):
    """A file whose four corners differ, with the tag among others, as Pillow or another writer would store it."""
    corners = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], "uint8"))
    exif = Image.Exif()
    exif.endian = endian
    for tag in TEXT_TAGS[:filler]:
        exif[tag] = "text" * 10
    if orientation is not None:
        exif[0x0112] = orientation
    buffer = io.BytesIO()
    corners.resize((48, 32), Image.Resampling.NEAREST).save(buffer, "JPEG", exif=exif, quality=95, subsampling=0)
    return buffer.getvalue()


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("filler", [0, 4])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_as_pillow_turns(orientation, endian, filler):
    content = jpeg(orientation, endian, filler)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    found = exif_orientation(tf.constant(content))
    assert int(found) == orientation
    turned = turn_upright(tf.io.decode_jpeg(content, dct_method="INTEGER_ACCURATE"), found)
    np.testing.assert_allclose(turned, upright, atol=3)


@pytest.mark.parametrize("orientation", [None, 0, 9, 255])
def test_nothing_that_makes_sense_is_upright(orientation):
    assert int(exif_orientation(tf.constant(jpeg(orientation)))) == 1


def test_other_segments_may_come_before_the_tag():
    content = jpeg(6)
    segment = b"\xff\xed" + (20_000).to_bytes(2, "big") + b"\0" * 19_998
    assert int(exif_orientation(tf.constant(content[:2] + segment + content[2:]))) == 6


def test_any_bytes_are_legal():
    generator = np.random.default_rng(0)
    content = jpeg(6)
    files = [b"", b"\xff", b"\xff\xe1\0\0Exif\0\0", b"\xff\xe1\0\0Exif\0\0II", content[:40], b"Exif\0\0" * 1000]
    for _ in range(100):
        changed = bytearray(content)
        for place in generator.integers(2, 60, 8):
            changed[place] = generator.integers(0, 256)
        files.append(bytes(changed[: generator.integers(1, len(changed))]))
    read = tf.function(lambda x: tf.map_fn(exif_orientation, x, fn_output_signature=tf.int32))
    found = read(tf.constant(files)).numpy()
    assert ((found >= 1) & (found <= 8)).all() and (found[:6] == 1).all()
