"""Files that nobody should send, for `hostile_requests.py`."""

import io
import random
import re
import struct
import zlib

import numpy as np
from PIL import Image


def jpeg(photograph):
    """A photograph as a JPEG file."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(photograph)) as picture:
        picture.convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def damaged(content):
    """Random bytes in the middle."""
    middle = len(content) // 2
    return content[:middle] + random.Random(1).randbytes(200) + content[middle + 200 :]


def with_exif(content, data):
    """A JPEG file with these EXIF data."""
    data = b"Exif\0\0" + data
    return content[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(data)) + data + content[2:]


def exif(tag, kind, count, value, entries=1, following=0):
    """EXIF data of one tag, with a claimed number of entries and place of the next directory."""
    return b"II*\0" + struct.pack("<IHHHIII", 8, entries, tag, kind, count, value, following)


def resized_jpeg(content, side):
    """A JPEG file whose header states another size."""
    place = re.search(rb"\xff[\xc0-\xc2]\x00\x11\x08", content).end()
    return content[:place] + struct.pack(">HH", side, side) + content[place + 4 :]


def png_header(width, height):
    """A PNG file with a size that its content does not have."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(bytes(2**20))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def png(width, height):
    """A PNG file of random pixels."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), "uint8")
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def flat_png(width, height):
    """A picture of one color: some hundred KB that become hundreds of MB."""
    row, packer, packed = bytes(1 + width), zlib.compressobj(9), []
    packed += [packer.compress(row) for _ in range(height)]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    chunks += [(b"IDAT", b"".join([*packed, packer.flush()])), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def png_with_text(length):
    """A small picture with a compressed text that would fill this many bytes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(length >> 20)) + packer.flush()
    small = png(30, 20)
    return small[:33] + _chunk(b"zTXt", b"comment\0\0" + packed) + small[33:]


def wrong_checksum(content):
    """A PNG file whose last pixels have another checksum."""
    place = content.rindex(b"IDAT") - 4
    length = struct.unpack(">I", content[place : place + 4])[0]
    end = place + 8 + length
    return content[:end] + bytes(4) + content[end + 4 :]


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
