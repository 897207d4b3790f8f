"""Decoding only the part of a picture that is used, at no more than the resolution that is used."""

import tensorflow as tf

from kmm.preprocessing.decode_image import is_jpeg_file

RATIOS = (1, 2, 4, 8)
"""By how much a JPEG decoder can shrink a picture while it decodes."""


def decode_window(image_bytes, window, size):
    """Decodes a window of one JPEG or PNG file and resizes it, as a graph op.

    Of a JPEG only the window is decoded, or, where the window is at least twice as large as `size`, the whole picture
    at a half, a quarter or an eighth of its resolution (which averages pixels); what remains is bilinear. So the result
    differs a little from that of decoding everything and resizing with antialiasing: use it for training.

    Shrinking moves the window's edges to multiples of 2, 4 or 8 pixels, less than a pixel of the result. Cut masks with
    the window that is returned. A window that has the wanted size is not resized.

    Args:
        image_bytes: scalar string, a JPEG or PNG file that was checked before: its size is not.
        window: int32 `(4,)`: top, left, height and width in pixels of the whole picture, inside it.
        size: `(height, width)` of the result.

    Returns:
        uint8 picture `(*size, 3)`, and the int32 `(4,)` window that it shows.

    Raises:
        tf.errors.InvalidArgumentError: the bytes are damaged or the window is not inside the picture.

    Example:

    >>> image_bytes = tf.io.encode_jpeg(tf.zeros((40, 60, 3), "uint8"))
    >>> picture, window = decode_window(image_bytes, [1, 10, 39, 40], (16, 16))
    >>> tuple(picture.shape), window.numpy().tolist()
    ((16, 16, 3), [0, 10, 38, 40])
    """
    window = tf.convert_to_tensor(window, tf.int32)
    is_jpeg = is_jpeg_file(image_bytes)
    room = tf.where(is_jpeg, tf.reduce_min(window[2:] // tf.constant(size, tf.int32)), 1)
    doublings = sum(tf.cast(room >= ratio, tf.int32) for ratio in RATIOS[1:])
    window = tf.bitwise.left_shift(tf.bitwise.right_shift(window, doublings), doublings)

    def exactly():
        return tf.io.decode_and_crop_jpeg(image_bytes, window, channels=3, fancy_upscaling=False)

    def shrunk(ratio):
        picture = tf.io.decode_jpeg(image_bytes, channels=3, ratio=ratio, fancy_upscaling=False)
        top, left, height, width = tf.unstack(window // ratio)
        return picture[top : top + height, left : left + width]

    def from_png():
        top, left, height, width = tf.unstack(window)
        return tf.io.decode_png(image_bytes, channels=3)[top : top + height, left : left + width]

    decoders = [exactly, *(lambda ratio=ratio: shrunk(ratio) for ratio in RATIOS[1:]), from_png]
    picture = tf.switch_case(tf.where(is_jpeg, doublings, len(decoders) - 1), decoders)
    picture = tf.ensure_shape(picture, (None, None, 3))
    picture = tf.cond(
        tf.reduce_all(tf.shape(picture)[:2] == tf.constant(size)),
        lambda: picture,
        lambda: tf.cast(tf.image.resize(picture, size) + 0.5, tf.uint8),
    )
    return tf.ensure_shape(picture, (*size, 3)), window
