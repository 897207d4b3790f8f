"""Reading photographs from files, outside the TensorFlow graph."""

import io
import pathlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from kmm.preprocessing.decode_image import MAX_PIXELS

FORMATS = ("JPEG", "PNG", "WebP", "BMP", "TIFF", "GIF")
"""What is read offline. Of several pictures in a file, as in an animated GIF, the first is taken."""

GRAPH_FORMATS = ("JPEG", "PNG")
"""What `decode_image` and exported models read as well."""

ORIENTATION = 0x0112
"""The EXIF tag that says how a picture is to be turned: 1 for upright, 5 to 8 swap height and width."""


def read_image(source):
    """The photograph in an image file, turned upright as its EXIF data say.

    Grey, palette, CMYK, transparent and 16-bit files become 8-bit RGB: transparency is dropped and of 16 bits the upper
    eight are kept; JPEG and PNG files as `decode_image` does it. Of an animation the first picture is read.

    Args:
        source: path of a JPEG, PNG, WebP, BMP, TIFF or GIF file, or its content as bytes.

    Returns:
        uint8 array `(height, width, 3)`, RGB.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is none of these formats, damaged, of another number type, or its header announces more than
            `decode_image.MAX_PIXELS`.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "photograph.png"
    ...     Image.new("I;16", (6, 4), 65535).save(path)
    ...     image = read_image(path)
    >>> image.shape, int(image.min())
    ((4, 6, 3), 255)
    """
    return read_image_and_orientation(source)[0]


def read_image_and_orientation(source):
    """The upright RGB photograph as in `read_image`, and the EXIF orientation, 1 to 8, in which it is stored."""
    picture, orientation = load_picture(source, FORMATS)
    try:
        return upright_rgb(picture), orientation
    except Exception as error:  # of EXIF data that are damaged, or of values that are no 8 or 16 bits
        raise _undecodable(source, FORMATS, error) from error


def open_image(source, formats=GRAPH_FORMATS):
    """The decoded content of an image file as a `PIL.Image.Image`, in the mode and orientation of the file."""
    return load_picture(source, formats)[0]


def load_picture(source, formats):
    """The picture as in `open_image`, and its EXIF orientation, which loading a TIFF file applies and forgets."""
    is_bytes = isinstance(source, bytes)
    if not is_bytes and not pathlib.Path(source).is_file():
        raise FileNotFoundError(f"An image file must exist. Received: {source}. Check the path.")
    try:
        # An open file, as Pillow maps a path into memory and then gives turned TIFF files damaged pixels.
        with (
            io.BytesIO(source) if is_bytes else pathlib.Path(source).open("rb") as file,
            Image.open(file, formats=formats) as picture,
        ):
            if picture.width * picture.height > MAX_PIXELS:
                raise Image.DecompressionBombError(f"{picture.width} x {picture.height} pixels")
            orientation = picture.getexif().get(ORIENTATION, 1)
            picture.load()
            return picture, orientation if orientation in range(1, 9) else 1
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(
            f"An image must have at most {MAX_PIXELS} pixels, by the size in its header. Received: {name_of(source)} "
            f"({error}). Make it smaller, or cut it into several."
        ) from error
    except UnidentifiedImageError as error:
        raise _undecodable(source, formats, "it is of another format, or its beginning is damaged") from error
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error, KeyError, ...
        raise _undecodable(source, formats, error) from error


def upright_rgb(picture):
    """A decoded picture as uint8 RGB `(height, width, 3)`, turned as its EXIF data say."""
    picture = ImageOps.exif_transpose(picture)
    picture.info.pop("transparency", None)
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255 instead of scaling them
        values = np.asarray(picture)
        if values.min() < 0 or values.max() >= 2**16:
            raise ValueError("its values are not in [0, 65535]")
        picture = Image.fromarray((values >> 8).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its values are floating-point numbers")
    return np.array(picture.convert("RGB"))


def name_of(source):
    """What an error calls a file: its path, or the beginning of its bytes."""
    return f"{len(source)} bytes that begin with {source[:8]!r}" if isinstance(source, bytes) else str(source)


def _undecodable(source, formats, error):
    listed = " or ".join((", ".join(formats[:-1]), formats[-1])) if formats[1:] else formats[0]
    return ValueError(
        f"An image must decode as {listed}. Received: {name_of(source)} ({error}). Replace or remove the file."
    )
