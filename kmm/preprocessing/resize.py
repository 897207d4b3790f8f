"""Resizing of pictures and masks to a model's size, aligned with each other pixel by pixel."""

import tensorflow as tf


def resize_images(images, size):
    """Stretches pictures to `size`, bilinear with antialiasing.

    Pictures that already have the size are only cast, so calling this twice costs nothing.

    Args:
        images: pictures `(height, width, channels)` or `(batch, height, width, channels)`, values in [0, 255], any
            numeric dtype.
        size: `(height, width)` in pixels.

    Returns:
        float32 pictures of the new size, values in [0, 255].

    Example:

    >>> images = tf.zeros((2, 20, 30, 3), "uint8")
    >>> tuple(resize_images(images, (16, 16)).shape)
    (2, 16, 16, 3)
    """
    images = tf.convert_to_tensor(images)
    height, width = size

    def resize():
        return tf.clip_by_value(tf.image.resize(images, (height, width), antialias=True), 0.0, 255.0)

    if images.shape[-3] is not None and images.shape[-2] is not None:
        same_size = tuple(images.shape[-3:-1]) == (height, width)
        return tf.cast(images, "float32") if same_size else resize()
    same_size = tf.reduce_all(tf.shape(images)[-3:-1] == [height, width])
    resized = tf.cond(same_size, lambda: tf.cast(images, "float32"), resize)
    return tf.ensure_shape(resized, (*images.shape[:-3], height, width, images.shape[-1]))


def prepare_images(images, size):
    """Brings pictures to the size and dtype in which models see them, in training, evaluation and export alike.

    Args:
        images: as for `resize_images`.
        size: `(height, width)` in pixels.

    Returns:
        uint8 pictures of the new size, rounded.

    Example:

    >>> images = prepare_images(tf.zeros((2, 20, 30, 3), "uint8"), (16, 16))
    >>> tuple(images.shape), images.dtype.name
    ((2, 16, 16, 3), 'uint8')
    """
    images = tf.convert_to_tensor(images)
    if images.dtype == tf.uint8 and tuple(images.shape[-3:-1]) == tuple(size):
        return images
    return tf.cast(tf.round(resize_images(images, size)), "uint8")


def resize_masks(masks, size):
    """Stretches masks to `size` by nearest neighbour: every output value is one of the input's.

    Sampling is at pixel centres, as in `resize_images`, so that mask and picture stay aligned.

    Args:
        masks: masks `(..., height, width)`, any dtype and any leading axes.
        size: `(height, width)` in pixels.

    Returns:
        masks `(..., height, width)` of the new size, in the dtype given.

    Example:

    >>> masks = tf.zeros((2, 5, 20, 30), "uint8")
    >>> tuple(resize_masks(masks, (16, 16)).shape)
    (2, 5, 16, 16)
    """
    masks = tf.convert_to_tensor(masks)
    for axis, length in ((-2, size[0]), (-1, size[1])):
        if masks.shape[axis] is not None and masks.shape[axis] == length:
            continue
        centres = (2 * tf.range(length) + 1) * tf.shape(masks)[axis] // (2 * length)
        masks = tf.gather(masks, centres, axis=axis)
    return masks
