"""Pictures from the bytes of files that strangers send."""

import tensorflow as tf

from kmm.export import statuses
from kmm.export.try_decode import try_decode
from kmm.preprocessing import prepare_images
from kmm.preprocessing.decode_image import decode_jpeg, is_jpeg_file, is_png_file, png_size
from kmm.preprocessing.turn_upright import exif_orientation, turn_upright

PARALLEL_PICTURES = 2
"""How many pictures of a batch are held at their own size at a time."""

MAX_SCANS = 100
"""Progressive JPEG files have about ten."""


def read_pictures(image_bytes, image_size, max_bytes, max_pixels):
    """Decodes JPEG and PNG files of any sizes and brings them to a model's size; nothing in a file raises.

    The length of a file, its first bytes and the size that its header announces are looked at before any pixel is
    decoded. A JPEG file's EXIF rotation is undone.

    Args:
        image_bytes: strings `(batch,)`.
        image_size: `(height, width)` of the model in pixels.
        max_bytes: the longest file that is read.
        max_pixels: the largest height times width that is decoded.

    Returns:
        uint8 pictures `(batch, *image_size, 3)`, black where there is none; int32 `(batch, 2)`, height and width of
        each file's upright picture, 0 where there is none; strings `(batch,)`, one of `kmm.export.statuses`.

    Example:

    >>> files = tf.stack([tf.io.encode_png(tf.zeros((20, 30, 3), "uint8")), tf.constant("no picture")])
    >>> images, sizes, status = read_pictures(files, (16, 16), max_bytes=1000, max_pixels=1000)
    >>> tuple(images.shape), sizes.numpy().tolist(), status.numpy()[0]
    ((2, 16, 16, 3), [[20, 30], [0, 0]], b'OK')
    """
    height, width = image_size
    specs = (tf.TensorSpec((height, width, 3), "uint8"), tf.TensorSpec((2,), "int32"), tf.TensorSpec((), "string"))

    def read(file_bytes):
        status = _first_status(file_bytes, max_bytes, max_pixels)
        nothing = tf.zeros((0, 0, 3), "uint8")
        image = tf.cond(status == statuses.OK, lambda: _decode(file_bytes, nothing), lambda: nothing)
        image = tf.ensure_shape(image, (None, None, 3))
        empty = tf.size(image) == 0
        status = tf.where((status == statuses.OK) & empty, statuses.DAMAGED, status)
        black = tf.zeros((height, width, 3), "uint8")
        prepared = tf.cond(empty, lambda: black, lambda: prepare_images(image, image_size))
        return prepared, tf.shape(image)[:2], status

    return tf.map_fn(read, image_bytes, parallel_iterations=PARALLEL_PICTURES, fn_output_signature=specs)


def _first_status(file_bytes, max_bytes, max_pixels):
    """What can be said of a file before its pixels are decoded."""
    length, is_jpeg = tf.strings.length(file_bytes), is_jpeg_file(file_bytes)
    may_look = (length <= max_bytes) & (is_jpeg | is_png_file(file_bytes))
    nothing = tf.constant([0, 0], "int64")
    height_width = tf.case(
        [(may_look & is_jpeg, lambda: _jpeg_size(file_bytes, nothing)), (may_look, lambda: png_size(file_bytes))],
        default=lambda: nothing,
    )
    pixels = tf.reduce_prod(tf.maximum(height_width, 0))
    status = tf.where(pixels > max_pixels, statuses.too_many_pixels(max_pixels), statuses.OK)
    status = tf.where(pixels > 0, status, statuses.DAMAGED)
    cheap = tf.cond(may_look & is_jpeg, lambda: _is_cheap(file_bytes), lambda: tf.constant(True))
    status = tf.where(cheap, status, statuses.TOO_MANY_SCANS)
    status = tf.where(is_jpeg | is_png_file(file_bytes), status, statuses.NOT_AN_IMAGE)
    status = tf.where(length > max_bytes, statuses.too_many_bytes(max_bytes), status)
    return tf.where(length > 0, status, statuses.NO_IMAGE)


def _is_cheap(file_bytes):
    """Whether a JPEG file has few scans: each one makes the decoder go through the whole picture."""
    content = tf.io.decode_raw(file_bytes, "uint8")
    return tf.math.count_nonzero((content[:-1] == 0xFF) & (content[1:] == 0xDA)) <= MAX_SCANS


def _jpeg_size(file_bytes, nothing):
    return try_decode(lambda content: tf.image.extract_jpeg_shape(content, "int64")[:2], file_bytes, nothing)


def _decode(file_bytes, nothing):
    def upright():
        return turn_upright(try_decode(decode_jpeg, file_bytes, nothing), exif_orientation(file_bytes))

    return tf.cond(
        is_jpeg_file(file_bytes),
        upright,
        lambda: try_decode(lambda content: tf.io.decode_png(content, channels=3), file_bytes, nothing),
    )
