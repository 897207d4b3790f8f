"""Decoding of JPEG and PNG bytes inside a TensorFlow graph."""

import tensorflow as tf

MAX_PIXELS = 2**26
_JPEG_START = b"\xff\xd8\xff"
_PNG_START = b"\x89PNG\r\n\x1a\n"


def decode_image(image_bytes, max_pixels=MAX_PIXELS):
    """Decodes one JPEG or PNG file into RGB, as a graph op.

    Grey, palette, transparent and 16-bit files become 8-bit RGB; transparency is dropped. The size announced in the
    file's header is checked before any pixel is decoded, so a small file cannot claim gigabytes. An EXIF rotation is
    not applied. GIF, BMP and everything else is refused.

    Args:
        image_bytes: scalar string, the bytes of one file.
        max_pixels: the largest height times width that is decoded.

    Returns:
        uint8 picture `(height, width, 3)`, values in [0, 255].

    Raises:
        tf.errors.InvalidArgumentError: the bytes are neither JPEG nor PNG, are damaged, or hold too many pixels.

    Example:

    >>> image_bytes = tf.io.encode_png(tf.zeros((4, 6, 3), "uint8"))
    >>> tuple(decode_image(image_bytes).shape)
    (4, 6, 3)
    """
    content, is_jpeg, _ = check_size(image_bytes, max_pixels)
    image = tf.cond(is_jpeg, lambda: decode_jpeg(content), lambda: tf.io.decode_png(content, channels=3))
    return tf.ensure_shape(image, (None, None, 3))


def check_size(image_bytes, max_pixels=MAX_PIXELS):
    """Read the header of one JPEG or PNG file.

    Args:
        image_bytes, max_pixels: as for `decode_image`.

    Returns:
        The bytes, usable only if they may be decoded; whether they are a JPEG file; and int64 `(height, width)`.
    """
    image_bytes = tf.ensure_shape(tf.convert_to_tensor(image_bytes, "string"), [])
    is_jpeg = is_jpeg_file(image_bytes)
    is_png = is_png_file(image_bytes)
    known = tf.debugging.Assert(
        is_jpeg | is_png,
        ["An image must be a JPEG or PNG file. Received the starting bytes:", tf.strings.substr(image_bytes, 0, 8)],
    )
    with tf.control_dependencies(_operations(known)):
        height_width = size_in_header(image_bytes)
    pixels = tf.reduce_prod(height_width)
    small_enough = tf.debugging.Assert(
        (pixels > 0) & (pixels <= max_pixels),
        [f"An image must have a size, and at most {max_pixels} pixels. Received: (height, width) =", height_width],
    )
    with tf.control_dependencies(_operations(small_enough)):
        return tf.identity(image_bytes), is_jpeg, height_width


def is_jpeg_file(image_bytes):
    """Whether bytes begin as a JPEG file does."""
    return tf.strings.substr(image_bytes, 0, 3) == _JPEG_START


def is_png_file(image_bytes):
    """Whether bytes begin as a PNG file does."""
    return tf.strings.substr(image_bytes, 0, 8) == _PNG_START


def size_in_header(image_bytes):
    """int64 `(height, width)` that the header of one JPEG or PNG file announces."""
    return tf.cond(is_jpeg_file(image_bytes), lambda: _jpeg_size(image_bytes), lambda: png_size(image_bytes))


def _operations(assertion):
    """An assertion is None when run eagerly; only a graph needs to wait for it."""
    return [] if assertion is None else [assertion]


def decode_jpeg(image_bytes):
    """uint8 `(height, width, 3)` of a JPEG file, with Pillow's arithmetic."""
    # The default method differs from Pillow's, with which training and `kmm predict` read, by up to 7 of 255.
    return tf.io.decode_jpeg(image_bytes, channels=3, dct_method="INTEGER_ACCURATE")


def _jpeg_size(image_bytes):
    return tf.image.extract_jpeg_shape(image_bytes, "int64")[:2]


def png_size(image_bytes):
    """int64 `(height, width)` that the header of a PNG file announces."""
    # The first chunk, IHDR, stores width and height as big-endian integers from byte 16 on. Decoders take chunks before
    # it, so what is no IHDR could announce another size than the one that is decoded: then there is no size.
    header = tf.strings.join([tf.strings.substr(image_bytes, 0, 24), b"\0" * 24])
    size = tf.io.decode_raw(tf.strings.substr(header, 16, 8), "uint8", fixed_length=8)
    width_height = tf.reduce_sum(tf.reshape(tf.cast(size, "int64"), (2, 4)) * [2**24, 2**16, 2**8, 1], axis=1)
    is_header = tf.strings.substr(header, 8, 8) == b"\0\0\0\rIHDR"
    return tf.where(is_header, tf.reverse(width_height, [0]), 0)
