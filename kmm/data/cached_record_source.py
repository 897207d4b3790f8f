"""A record source whose pictures are decoded once and kept."""

import dataclasses
import io
import pathlib
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image

from kmm.data.record import MANIFEST
from kmm.data.record_source import FEATURES, RecordSource

ALIGNMENT = 64
"""Pictures start at multiples of so many bytes, where TensorFlow can use them without copying."""


class CachedRecordSource(RecordSource):
    """Pictures with phrases from a folder of records, each picture decoded once.

    The first use of a split decodes all of its pictures, into memory or into a file that later runs find again. It
    takes height x width x 3 bytes a picture, and a byte for each pixel of a mask's box: worth it where decoding is the
    slowest part.

    Args:
        directory: the folder of records.
        seed: keys the drawing of texts together with epoch, split and index.
        cache_directory: folder for the decoded pictures; `None` keeps them in memory.
        max_bytes: the most that one split may take.

    Raises:
        ValueError: as for `RecordSource`; on first use if a split would take more than `max_bytes`.

    Example:

    >>> source = CachedRecordSource("data/ref_coco", cache_directory="/tmp/ref_coco")  # doctest: +SKIP
    """

    def __init__(self, directory, seed=0, cache_directory=None, max_bytes=2**33):
        super().__init__(directory, seed)
        self.cache_directory = None if cache_directory is None else pathlib.Path(cache_directory)
        self.max_bytes = max_bytes
        self._caches = {}

    def _stored(self, split):
        if split not in self._caches:
            self._caches[split] = self._decode_all(split)
        records, offsets, shapes, pixels = self._caches[split]

        if isinstance(pixels, np.memmap):  # stays on the disk

            def read(start, end):
                return tf.numpy_function(lambda start, end: pixels[start:end], [start, end], tf.uint8)
        else:

            def read(start, end):
                return tf.slice(pixels, [start], [end - start])  # aligned: no copy

        def stored(index):
            record = tf.io.parse_single_example(records[index], _SMALL_FEATURES)
            shape = shapes[index]
            start = offsets[index]
            flat = read(start, start + tf.cast(3 * tf.reduce_prod(shape), tf.int64))
            return record, _DecodedPicture(tf.reshape(flat, tf.concat([shape, [3]], 0)))

        return stored

    def _decode_all(self, split):
        """Small records, offsets and shapes of the pictures, and their pixels one after the other."""
        encoded = super()._stored(split)
        count = self.num_examples(split)
        shape_of = tf.function(lambda index: encoded(index)[1].shape(), input_signature=[tf.TensorSpec((), tf.int64)])
        picture_of = tf.function(lambda index: encoded(index)[1].whole(), input_signature=[tf.TensorSpec((), tf.int64)])
        indices = tf.data.Dataset.range(count)
        shapes = np.array(list(indices.map(shape_of, tf.data.AUTOTUNE).as_numpy_iterator()), np.int32)
        sizes = 3 * shapes.astype(np.int64).prod(axis=1)
        offsets = np.cumsum([0, *(-(-sizes // ALIGNMENT) * ALIGNMENT)])
        if offsets[-1] > self.max_bytes:
            raise ValueError(
                f"The decoded pictures of a split must fit into max_bytes={self.max_bytes}. Received: {offsets[-1]} "
                f"bytes for {split!r} of {self.directory}. Raise max_bytes, or use kmm.data.RecordSource."
            )
        pixels, is_filled = self._allocate(split, int(offsets[-1]))
        if not is_filled:
            pictures = indices.map(picture_of, tf.data.AUTOTUNE)
            for offset, picture in zip(offsets[:-1], pictures.as_numpy_iterator(), strict=True):
                pixels[offset : offset + picture.size] = picture.reshape(-1)
        if isinstance(pixels, np.memmap):
            pixels = self._publish(split, pixels)
        else:
            pixels = tf.constant(pixels)
        small = [_without_picture(self.record(split, index)).to_bytes() for index in range(count)]
        return tf.constant(small), tf.constant(offsets[:-1], tf.int64), tf.constant(shapes), pixels

    def _file(self, split):
        """Named by the content of the manifest: another set, another file."""
        manifest = (self.directory / MANIFEST).read_bytes()
        return self.cache_directory / f"{self.name}-{split}-{zlib.crc32(manifest):08x}.pixels"

    def _allocate(self, split, num_bytes):
        if self.cache_directory is None:
            return np.empty(num_bytes, np.uint8), False
        self.cache_directory.mkdir(parents=True, exist_ok=True)
        file = self._file(split)
        if file.is_file() and file.stat().st_size == num_bytes:
            return np.memmap(file, np.uint8, "r"), True
        return np.memmap(file.with_suffix(".unfinished"), np.uint8, "w+", shape=(num_bytes,)), False

    def _publish(self, split, pixels):
        """Rename the file once it is whole."""
        file, written = self._file(split), pathlib.Path(pixels.filename)
        if written != file.resolve() and written.suffix == ".unfinished":
            pixels.flush()
            written.replace(file)
        return np.memmap(file, np.uint8, "r")


@dataclasses.dataclass(frozen=True)
class _DecodedPicture:
    """A picture in memory."""

    pixels: tf.Tensor

    def shape(self):
        return tf.shape(self.pixels)[:2]

    def whole(self):
        return self.pixels

    @staticmethod
    def part(mask_bytes, shape):
        return tf.reshape(tf.io.decode_raw(mask_bytes, tf.uint8), shape)

    def window(self, window, image_size):
        top, left, height, width = tf.unstack(window)
        step = tf.maximum(1, tf.reduce_min(window[2:] // tf.constant(image_size, tf.int32)) // 2)
        part = tf.ensure_shape(self.pixels[top : top + height : step, left : left + width : step], (None, None, 3))
        part = tf.cond(
            tf.reduce_all(tf.shape(part)[:2] == tf.constant(image_size)),
            lambda: part,
            lambda: tf.cast(tf.image.resize(part, image_size) + 0.5, tf.uint8),
        )
        return tf.ensure_shape(part, (*image_size, 3)), window


def _without_picture(record):
    """The record without its picture, the parts of its masks as plain pixels."""
    parts = []
    for mask_bytes, (top, left, bottom, right) in zip(record.mask_bytes, record.boxes, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(mask_bytes)))
        parts.append(pixels.tobytes() if bottom > top and right > left else b"")
    return dataclasses.replace(record, image_bytes=b"", mask_bytes=tuple(parts))


_SMALL_FEATURES = {name: feature for name, feature in FEATURES.items() if name != "image_bytes"}
