"""Reading masks of class ids from PNG files, outside the TensorFlow graph."""

import pathlib

import numpy as np

from kmm.preprocessing.read_image import load_picture, name_of

FORMATS = ("PNG",)
GREY = 0
"""PNG's number for one grey value a pixel, without transparency."""


def read_mask(source):
    """The class ids in a PNG file, turned upright as its own EXIF data say.

    Grey files of 1, 2, 4, 8 and 16 bits give their stored values (a 1-bit file gives 0 and 1), palette files the index
    whatever the colours. Colour files are read if red, green and blue are equal, as some tools save grey masks;
    transparency is dropped. Lossy formats are refused, as they invent ids, and so is everything else that is not PNG.

    Args:
        source: path of a PNG file, or its content as bytes.

    Returns:
        int32 array `(height, width)`, values in [0, 65535].

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not PNG, is damaged, holds colours, or its header announces more than
            `decode_image.MAX_PIXELS`.

    Example:

    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.array([[0, 300], [7, 255]], np.uint16)).save(file, "PNG")
    >>> read_mask(file.getvalue()).tolist()
    [[0, 300], [7, 255]]
    """
    return turn_upright(*read_stored_mask(source))


def read_stored_mask(source):
    """The class ids as they are stored in the file, not turned, and the file's EXIF orientation, 1 to 8."""
    picture, orientation = load_picture(source, FORMATS)
    bits, colour_type = _bits_and_colour_type(source)
    values = np.asarray(picture)
    if picture.mode in ("LA", "RGB", "RGBA"):
        colours = values[..., : 1 if picture.mode == "LA" else 3]
        if bits == 16 or (colours != colours[..., :1]).any():
            what = "a 16-bit" if bits == 16 else "a coloured"
            raise ValueError(
                f"A mask must hold one class id per pixel (PNG, grey or palette). Received: {what} file of mode "
                f"{picture.mode}, {name_of(source)}. Save the class ids, not colours."
            )
        values = colours[..., 0]
    elif colour_type == GREY and bits in (2, 4):  # Pillow stretches the grey values to 0..255
        values = values // (255 // (2**bits - 1))
    return values.astype(np.int32), orientation


def turn_upright(array, orientation):
    """An array `(height, width, ...)` turned as an EXIF orientation, 1 to 8, says.

    Example:

    >>> turn_upright(np.array([[1, 2, 3]]), 6).tolist()
    [[1], [2], [3]]
    """
    array = np.swapaxes(array, 0, 1) if orientation >= 5 else array
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def _bits_and_colour_type(source):
    """Bytes 24 and 25 of a PNG file: bits for each value, and what the values are."""
    if isinstance(source, bytes):
        return source[24], source[25]
    with pathlib.Path(source).open("rb") as file:
        return tuple(file.read(26)[24:])
