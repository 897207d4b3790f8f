"""A source that reads the records which data pipelines wrote."""

import concurrent.futures
import dataclasses
import functools
import pathlib
import zlib

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.data.reader import read_example, shaped
from kmm.data.record import NO_TARGET, Record
from kmm.data.record_shards import RecordShards, read_manifest
from kmm.preprocessing.decode_image import decode_image, size_in_header
from kmm.preprocessing.decode_window import decode_window


class RecordSource:
    """Pictures with phrases from a folder of records (see `data_pipelines`), read inside the TensorFlow graph.

    Every record is found by its offset, so that any order costs the same, nothing is held in memory but 8 bytes for
    each record, and a run is entered anywhere. Each read verifies the record's checksum. Because nothing runs in
    Python, pictures are decoded on all cores, and by the workers of a `tf.data` service where there is one.

    Args:
        directory: the folder, which holds a `manifest.json`.
        seed: keys the drawing of texts together with epoch, split and index.

    Raises:
        ValueError: if the manifest is damaged or of another format, a shard is missing, cut or of another size, or the
            set has no phrases.

    Example:

    >>> source = RecordSource("data/ref_coco")  # doctest: +SKIP
    >>> source.example("train", 0, num_prompts=2).prompts  # doctest: +SKIP
    ('the man on the left', 'left guy')
    """

    class_names = ()

    def __init__(self, directory, seed=0):
        self.directory, self.seed = pathlib.Path(directory), seed
        self.manifest = read_manifest(self.directory)
        self.name, self.task = self.manifest["name"], self.manifest["task"]
        self.splits = tuple(self.manifest["splits"])
        self._shards = {split: RecordShards(self.directory, self.manifest, split) for split in self.splits}

    def num_examples(self, split):
        """How many records the split holds."""
        return self._find(split).count

    def reader(self, split, num_prompts, crop=None, image_size=None):
        """See `kmm.data.reader.reader_of`."""
        stored = self._stored(split)
        stream = tf.constant(self.seed * 2**32 + zlib.crc32(split.encode()), tf.int64)

        def read(epoch, index, crop_key=None):
            record, picture = stored(index)
            chosen = _choose(tf.size(record["prompts"]), num_prompts, tf.stack([stream, epoch * 2**32 + index]))
            return _assemble(record, picture, chosen, num_prompts, crop, crop_key, image_size)

        return read

    def phrase_reader(self, split, crop=None, image_size=None):
        """As `reader`, for one certain phrase: a function `(index, number, crop_key)`."""
        stored = self._stored(split)

        def read(index, number, crop_key=None):
            record, picture = stored(index)
            return _assemble(record, picture, tf.reshape(number, (1,)), 1, crop, crop_key, image_size)

        return read

    def _stored(self, split):
        """A graph function from an index to the record's features, all but the picture, and the picture."""
        read_bytes = self._find(split).read

        def stored(index):
            record = tf.io.parse_single_example(read_bytes(index), FEATURES)
            return record, _EncodedPicture(record["image_bytes"])

        return stored

    def example(self, split, index, epoch=0, num_prompts=1):
        """The picture `index` of the split with `num_prompts` texts drawn for this epoch."""
        return read_example(self.reader(split, num_prompts), epoch, index)

    def phrase(self, split, index, number):
        """The picture `index` of the split with its phrase of that number."""
        return read_example(self.phrase_reader(split), index, number)

    def record(self, split, index):
        """The record `index` as it is stored."""
        return Record.from_bytes(self._find(split).read(tf.constant(index, tf.int64)).numpy())

    def all_prompts(self, split, index):
        """All phrases of a picture as pairs of text and kind."""
        record = self.record(split, index)
        return list(zip(record.prompts, record.kinds, strict=True))

    def prompts(self, split, limit=2000):
        """Up to `limit` texts of the split, evenly from all of it."""
        count = self.num_examples(split)
        texts = []
        for index in np.linspace(0, count - 1, min(count, limit)).astype(int):
            texts += self.record(split, int(index)).prompts
            if len(texts) >= limit:
                break
        return texts[:limit]

    def where(self, split, index):
        """File and number of a record, for messages."""
        return self._find(split).where(index)

    def group(self, split, index):
        """The video, scene or patient that a picture belongs to."""
        return self.record(split, index).group

    def check_example(self, split, index):
        """Decodes the picture and every mask of a record, and raises if their parts do not fit together."""
        record = self.record(split, index)
        shape = tuple(tf.shape(decode_image(record.image_bytes))[:2].numpy())
        for number, box in enumerate(record.boxes):
            part = tf.io.decode_png(record.mask_bytes[number], channels=1).shape[:2]
            sides = np.rint(np.multiply(box, shape * 2)).astype(int)
            if box != (0.0,) * 4 and tuple(part) != tuple(sides[2:] - sides[:2]):
                raise ValueError(
                    f"A mask's part must have the size of its box, {tuple(sides[2:] - sides[:2])}. Received: "
                    f"{tuple(part)} for mask {number} of {self.where(split, index)}. Build the set again."
                )
        if not record.prompts:
            raise ValueError(f"A picture needs a phrase. Received: none in {self.where(split, index)}. Remove it.")

    def check(self):
        """Compares every shard's SHA-256 with the manifest and raises on the first that differs."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda shard: shard.check(), self._shards.values()):
                pass

    def _find(self, split):
        if split not in self._shards:
            raise ValueError(f"A split of {self.directory} is one of {self.splits}. Received: split={split!r}.")
        return self._shards[split]


@dataclasses.dataclass(frozen=True)
class _EncodedPicture:
    """A JPEG or PNG file, decoded as far as it is needed."""

    image_bytes: tf.Tensor

    def shape(self):
        """int32 `(height, width)`, from the header."""
        return tf.cast(size_in_header(self.image_bytes), tf.int32)

    def whole(self):
        """The uint8 picture."""
        return decode_image(self.image_bytes)

    def window(self, window, image_size):
        """What lies in the window, resized, and the window as it was cut."""
        return decode_window(self.image_bytes, window, image_size)

    @staticmethod
    def part(mask_bytes, shape):
        """What is stored of a mask, uint8 of that shape."""
        return tf.io.decode_png(mask_bytes, channels=1)[..., 0]


def _assemble(record, picture, chosen, num_prompts, crop, crop_key, image_size):
    """The example of a record with the chosen phrases, cut out by the crop where there is one."""
    prompts, targets, kinds = (tf.gather(record[name], chosen) for name in ("prompts", "targets", "kinds"))
    boxes = tf.reshape(record["boxes"], (-1, 4))
    if crop is None:
        images = picture.whole()
        shape = tf.shape(images)[:2]
        window, size = tf.concat([[0, 0], shape], 0), tf.unstack(shape)
    else:
        shape = picture.shape()
        rows = tf.where(targets == NO_TARGET, tf.shape(boxes, tf.int64)[0], targets)
        boxes_or_none = tf.gather(tf.pad(boxes, [[0, 1], [0, 0]]), rows)
        words = {feature_keys.PROMPTS: prompts, feature_keys.BOUNDING_BOXES: boxes_or_none}
        window = crop.window(words, crop_key, *tf.unstack(shape))
        (images, window), size = picture.window(window, image_size), image_size
    targets = tf.unstack(tf.ensure_shape(targets, (num_prompts,)))
    part_of = functools.partial(_part_of, picture, record["mask_bytes"], boxes, shape)
    masks = [_mask(part_of, target, window, size) for target in targets]
    return shaped(images, prompts, tf.stack(masks), kinds, num_prompts)


def _choose(count, num_prompts, key):
    """Indices `(num_prompts,)` of phrases, all different as long as there are enough."""
    if num_prompts == 1:
        return tf.random.stateless_uniform((1,), key, 0, count, tf.int32)
    order = tf.argsort(tf.random.stateless_uniform((count,), key))
    return tf.gather(order, tf.range(num_prompts) % count)


def _part_of(picture, mask_bytes, boxes, shape, target):
    """The stored part of a mask and its corners (top, left, bottom, right) in pixels."""
    corners = tf.cast(tf.round(boxes[target] * tf.cast(tf.tile(shape, [2]), tf.float32)), tf.int32)
    return picture.part(mask_bytes[target], corners[2:] - corners[:2]), corners


def _mask(part_of, target, window, size):
    """The mask of one phrase inside the window, at `size`; empty for what is not there."""

    def inside_window():
        part, corners = part_of(target)
        for axis in (0, 1):  # gather rows, then the columns as rows, since picking out of rows is slow
            centres = (2 * tf.range(size[axis]) + 1) * window[2 + axis] // (2 * size[axis])
            places = window[axis] + centres - corners[axis]  # in the part; below it lies a row of zeros
            length = corners[2 + axis] - corners[axis]
            places = tf.where((places >= 0) & (places < length), places, length)
            part = tf.transpose(tf.gather(tf.pad(part, [[0, 1], [0, 0]]), places))
        return part

    return tf.cond(target == NO_TARGET, lambda: tf.zeros(size, tf.uint8), inside_window)


def _texts():
    return tf.io.FixedLenSequenceFeature([], tf.string, allow_missing=True)


FEATURES = {
    "image_bytes": tf.io.FixedLenFeature([], tf.string),
    "prompts": _texts(),
    "kinds": _texts(),
    "mask_bytes": _texts(),
    "targets": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    "boxes": tf.io.FixedLenSequenceFeature([], tf.float32, allow_missing=True),
}
