"""Reading photographs from files, outside the TensorFlow graph."""

import pathlib

import numpy as np
from PIL import Image, ImageOps


def read_image(path):
    """The photograph in a JPEG or PNG file, turned upright as its EXIF data say.

    Grey, palette, transparent and 16-bit files become 8-bit RGB as in `decode_image`: transparency is dropped and of
    16 bits the upper eight are kept.

    Args:
        path: path of the file.

    Returns:
        uint8 array `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is neither JPEG nor PNG, or damaged.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "photograph.png"
    ...     Image.new("I;16", (6, 4), 65535).save(path)
    ...     image = read_image(path)
    >>> image.shape, int(image.min())
    ((4, 6, 3), 255)
    """
    return upright_rgb(open_image(path))


def open_image(path):
    """The decoded content of a JPEG or PNG file as a `PIL.Image.Image`, in the mode and orientation of the file."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"An image file must exist. Received: {path}. Check the path.")
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            picture.load()
            return picture
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"An image must decode as JPEG or PNG. Received: {path} ({error}). Replace or remove the file."
        ) from error


def upright_rgb(picture):
    """A decoded picture as uint8 RGB `(height, width, 3)`, turned as its EXIF data say."""
    picture = ImageOps.exif_transpose(picture)
    picture.info.pop("transparency", None)
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255 instead of scaling them
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return np.array(picture.convert("RGB"))
