"""Photographs as the files that a server takes."""

import io
import os
import pathlib

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngImageFile

ORIENTATION = 0x0112
"""The EXIF tag that says how a picture is to be turned: 1 for upright."""

MAX_TURNED_PIXELS = 2**27
"""Larger pictures are not decoded here; a server refuses them by the size in their header."""

PNG_MODES = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")


def photograph_bytes(image):
    """The content of a JPEG or PNG file that an export shows upright.

    An export undoes the EXIF rotation of JPEG files, but not the rare one of PNG files: those are turned here and
    written anew, without loss. All other files go as they are, whatever they hold: the server says what is wrong.

    Args:
        image: path of a file; its content as bytes; a uint8 array `(height, width, 3)` in RGB or `(height, width)` in
            grey; or a `PIL.Image.Image`.

    Returns:
        bytes.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: it is something else, or an array of another dtype.
        ValueError: an array of another shape.

    Example:

    >>> photograph_bytes(np.zeros((4, 6, 3), "uint8"))[:4]
    b'\\x89PNG'
    """
    if isinstance(image, (str, os.PathLike)):
        path = pathlib.Path(image)
        if not path.is_file():
            raise FileNotFoundError(f"An image file must exist. Received: {path}. Check the path.")
        return _upright(path.read_bytes())
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _upright(bytes(image))
    if isinstance(image, Image.Image):
        return _encode(ImageOps.exif_transpose(image))
    if isinstance(image, np.ndarray):
        return _encode(_from_array(image))
    raise TypeError(
        f"An image must be a path, bytes, a uint8 array or a PIL image. Received: {type(image).__name__}. "
        "Give the path of a JPEG or PNG file, or what numpy.asarray makes of it."
    )


def _from_array(array):
    if array.dtype != np.uint8:
        raise TypeError(
            f"An image array must hold uint8 values in [0, 255]. Received: dtype={array.dtype}. "
            "Scale it to [0, 255] and cast it."
        )
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] != 3) or 0 in array.shape:
        raise ValueError(
            f"An image array must have the shape (height, width, 3) or (height, width). Received: shape={array.shape}. "
            "Send pictures of a batch one by one, and drop an alpha channel."
        )
    return Image.fromarray(array)


def _upright(content):
    """A PNG file with its picture turned, where its EXIF data say so; else the very same bytes."""
    if not content.startswith(b"\x89PNG"):
        return content
    # Not `Image.open`, which warns of large pictures: only the header is read, and the server has limits of its own.
    try:
        with PngImageFile(io.BytesIO(content)) as picture:
            if "exif" not in picture.info or picture.getexif().get(ORIENTATION, 1) not in range(2, 9):
                return content
            if picture.width * picture.height > MAX_TURNED_PIXELS:
                return content
            turned = ImageOps.exif_transpose(picture)
    except Exception:  # damaged files raise OSError, SyntaxError, struct.error, ...; the server says so
        return content
    return _encode(turned)


def _encode(picture):
    picture = picture if picture.mode in PNG_MODES else picture.convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
