"""The rotation that a camera writes into its files, read and undone inside a TensorFlow graph."""

import tensorflow as tf

_LOOKED_AT = 2**16
"""Bytes of a file in which the tag is looked for; cameras write it first, editors after segments of their own."""

_ORIENTATION = 0x0112
_MOST_ENTRIES = 100


def exif_orientation(image_bytes):
    """How a JPEG file says that its pixels lie.

    Reference: Exif 2.32 (CIPA DC-008, 2019), tag Orientation.

    Args:
        image_bytes: scalar string, the bytes of one file; any bytes are legal.

    Returns:
        int32 scalar from 1 to 8; 1, upright, where the file says nothing that makes sense.

    Example:

    >>> int(exif_orientation(tf.io.encode_jpeg(tf.zeros((4, 6, 3), "uint8"))))
    1
    """
    head = tf.strings.substr(image_bytes, 0, _LOOKED_AT)
    content = tf.io.decode_raw(tf.strings.join([head, b"\0" * 16]), "uint8")
    last = tf.size(content) - 1
    # An APP1 segment: two bytes of marker, two of length, then the name.
    wanted = (0xFF, 0xE1, None, None, *b"Exif\0\0")
    windows = [content[i : last - len(wanted) + i] == byte for i, byte in enumerate(wanted) if byte is not None]
    found = tf.reduce_all(tf.stack(windows), axis=0)
    start = tf.argmax(tf.cast(found, "uint8"), output_type="int32") + len(wanted)
    little = tf.gather(content, tf.minimum(start, last)) == ord("I")

    def number(offset, length):
        """An unsigned integer of so many bytes at places counted from the header; past the end, its last bytes."""
        places = tf.clip_by_value((start + offset)[..., None] + tf.range(length), 0, last)
        powers = tf.bitwise.left_shift(1, 8 * tf.range(length))
        powers = tf.where(little, powers, powers[::-1])
        return tf.reduce_sum(tf.cast(tf.gather(content, places), "int32") * powers, axis=-1)

    directory = tf.clip_by_value(number(tf.constant(4), 4), 0, _LOOKED_AT)
    entries = directory + 2 + 12 * tf.range(tf.minimum(number(directory, 2), _MOST_ENTRIES))
    values = tf.boolean_mask(number(entries + 8, 2), number(entries, 2) == _ORIENTATION)
    value = tf.concat([values, [1]], axis=0)[0]
    return tf.where(tf.reduce_any(found) & (value >= 1) & (value <= 8), value, 1)


def turn_upright(image, orientation):
    """Turns and mirrors pixels as `exif_orientation` says.

    Args:
        image: `(height, width, channels)`.
        orientation: int32 scalar from 1 to 8.

    Returns:
        the picture; height and width are exchanged for orientations from 5 on.

    Example:

    >>> tuple(turn_upright(tf.zeros((4, 6, 3)), tf.constant(6)).shape)
    (6, 4, 3)
    """

    def is_one_of(*values):
        return tf.reduce_any(orientation == tf.constant(values))

    def turn():
        turned = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
        turned = tf.cond(is_one_of(2, 3, 6, 7), lambda: tf.reverse(turned, [1]), lambda: turned)
        return tf.cond(is_one_of(3, 4, 7, 8), lambda: tf.reverse(turned, [0]), lambda: turned)

    return tf.cond(orientation == 1, lambda: image, turn)
