"""Reading examples inside the TensorFlow graph, whatever kind of source they come from."""

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.example import Example
from kmm.preprocessing import prepare_images, resize_masks

KINDS = "kinds"


def reader_of(source, split, num_prompts, crop=None, image_size=None):
    """The function by which a pipeline reads examples of a source.

    A source may offer a `reader` of its own, with the arguments after `source`, that runs in the graph alone; examples
    of any other source are drawn by its Python method `example`.

    Args:
        source: a `kmm.data.Source`.
        split: which split of it.
        num_prompts: texts and masks for each picture.
        crop: a `kmm.data.RandomCrop`, or `None` for whole pictures at their own size.
        image_size: `(height, width)` of what the crop is resized to.

    Returns:
        A function `(epoch, index, crop_key)` of int64 scalars and an int64 `(2,)` seed, which gives a dict: `images`
        uint8 `(height, width, 3)`, `prompts` `(num_prompts,)`, `segmentation_masks` uint8 `(num_prompts, height,
        width)` and `kinds` `(num_prompts,)`.

    Example:

    >>> import kmm
    >>> read = reader_of(kmm.data.ShapesSource((32, 48)), "val", num_prompts=2)
    >>> tuple(read(tf.constant(0, "int64"), tf.constant(3, "int64"))["segmentation_masks"].shape)
    (2, 32, 48)
    """
    if hasattr(source, "reader"):
        return source.reader(split, num_prompts, crop, image_size)

    def draw(epoch, index):
        example = source.example(split, int(index), int(epoch), num_prompts)
        texts = [
            np.array([text.encode() for text in words], dtype=object) for words in (example.prompts, example.kinds)
        ]
        return example.image, texts[0], example.segmentation_masks, texts[1]

    def read(epoch, index, crop_key=None):
        drawn = tf.numpy_function(draw, [epoch, index], (tf.uint8, tf.string, tf.uint8, tf.string))
        example = shaped(*drawn, num_prompts)
        return example if crop is None else cropped(example, crop, crop_key, image_size)

    return read


def read_example(read, epoch, index):
    """Call a reader eagerly.

    Args:
        read: what `reader_of` gives.
        epoch, index: whole numbers.

    Returns:
        A `kmm.data.Example`.
    """
    parts = read(tf.constant(epoch, tf.int64), tf.constant(index, tf.int64))
    prompts, kinds = ([text.decode("utf-8", "replace") for text in parts[name].numpy()] for name in ("prompts", KINDS))
    image, masks = (parts[name].numpy() for name in (feature_keys.IMAGES, feature_keys.SEGMENTATION_MASKS))
    return Example(image, tuple(prompts), masks, tuple(kinds))


def shaped(images, prompts, segmentation_masks, kinds, num_prompts):
    """The parts of one example as the dict that data steps work on, with what is known of their shapes."""
    return {
        feature_keys.IMAGES: tf.ensure_shape(images, (None, None, 3)),
        feature_keys.PROMPTS: tf.ensure_shape(prompts, (num_prompts,)),
        feature_keys.SEGMENTATION_MASKS: tf.ensure_shape(segmentation_masks, (num_prompts, None, None)),
        KINDS: tf.ensure_shape(kinds, (num_prompts,)),
    }


def cropped(example, crop, key, image_size):
    """A decoded example cut out by `crop` and resized to `image_size`."""
    example = crop(example, key)
    return {
        **example,
        feature_keys.IMAGES: prepare_images(example[feature_keys.IMAGES], image_size),
        feature_keys.SEGMENTATION_MASKS: resize_masks(example[feature_keys.SEGMENTATION_MASKS], image_size),
    }
