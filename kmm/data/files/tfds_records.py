"""The examples of a data set of TensorFlow Datasets as records."""

import io

import numpy as np
from PIL import Image

from kmm.data.files.encoded_table import EncodedTable
from kmm.data.files.file_place import file_place
from kmm.data.record import Record

CANONICAL = "canonical"
"""The group of records that tell the target of each prompt: their masks hold 0, 1 and 255."""


class TfdsRecords:
    """The examples of one split of a prepared data set as records, in any order.

    Pictures and masks stay encoded where the stored form allows it. Data without random access are copied once into a
    temporary file, see `EncodedTable`.

    Args:
        builder: a builder of TensorFlow Datasets.
        split: a split of it, such as "train" or "train[:90%]".
        parts: dict from "image", "masks" and "prompts" to the names of features; `None` for no prompts.

    Raises:
        ValueError: no such split; when an example is read: numbers of prompts and masks that do not fit together.

    Example:

    >>> records = TfdsRecords(builder, "train", {"image": "image", "masks": "mask", "prompts": None})  # doctest: +SKIP
    >>> records[0].key  # doctest: +SKIP
    'mine/train[0]'
    """

    def __init__(self, builder, split, parts):
        if split.partition("[")[0] not in builder.info.splits:
            raise ValueError(
                f"A split must be one of {builder.name!r}, {sorted(builder.info.splits)}. Received: {split!r}. Correct "
                "`split_map`."
            )
        self._builder, self._split, self._parts = builder, split, parts
        self._count = builder.info.splits[split].num_examples
        if builder.info.file_format.value == "array_record":
            self._examples = builder.as_data_source(split=split, decoders=self._decoders(sequences=False))
        else:
            self._examples = EncodedTable(self._read_all, self._count, f"{builder.name}/{split}")

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        example = self._examples[index]
        if isinstance(example, bytes):
            return Record.from_bytes(example)
        with file_place(self.where(index)):
            return record_of(example, self._parts, self.where(index))

    def where(self, index):
        return f"{self._builder.name}/{self._split}[{index}]"

    def _decoders(self, sequences):
        """What leaves pictures and masks encoded; data sources cannot do so with sequences of them."""
        import tensorflow_datasets as tfds

        features = {self._parts[part]: self._builder.info.features[self._parts[part]] for part in ("image", "masks")}
        if sequences:
            features = {name: getattr(feature, "feature", feature) for name, feature in features.items()}
        images = [name for name, feature in features.items() if isinstance(feature, tfds.features.Image)]
        return dict.fromkeys(images, tfds.decode.SkipDecoding())

    def _read_all(self):
        decoders = self._decoders(sequences=True)
        dataset = self._builder.as_dataset(split=self._split, decoders=decoders, shuffle_files=False)
        for index, example in enumerate(dataset.as_numpy_iterator()):
            with file_place(self.where(index)):
                yield record_of(example, self._parts, self.where(index)).to_bytes()


def record_of(example, parts, key):
    """A decoded or encoded example of TensorFlow Datasets as a record."""
    masks = [png_bytes(mask) for mask in _listed(example[parts["masks"]], 2)]
    prompts = [text.decode("utf-8") for text in _listed(example[parts["prompts"]], 0)] if parts["prompts"] else []
    targets = [int(target) for target in example["targets"]] if "targets" in example else None
    if targets is None:
        if len(masks) not in (1, len(prompts)) and prompts:
            raise ValueError(
                f"There must be one mask, or one for each prompt. Received: {len(masks)} masks, {len(prompts)} prompts."
            )
        targets = range(len(prompts)) if len(masks) == len(prompts) else [0] * len(prompts)
    kinds = [kind.decode("utf-8") for kind in example["kinds"]] if "kinds" in example else ()
    return Record(
        key=key,
        image_bytes=png_bytes(example[parts["image"]]),
        prompts=tuple(prompts),
        targets=tuple(targets),
        mask_bytes=tuple(masks),
        boxes=((0.0, 0.0, 0.0, 0.0),) * len(masks),
        kinds=tuple(kinds),
        group=CANONICAL if "targets" in example else "",
    )


def _listed(value, rank):
    """The items of a sequence, or the only one; `rank` is that of an item that is decoded."""
    if isinstance(value, (bytes, str)) or not hasattr(value, "__len__"):
        return [value]
    value = np.asarray(value)
    if value.dtype == object or value.dtype.kind == "S":
        return value.tolist()
    return [value] if value.ndim <= rank + (value.ndim == 3 and value.shape[-1] == 1) else list(value)


def png_bytes(pixels):
    """What is encoded as it is, an array as the bytes of a PNG file."""
    if isinstance(pixels, bytes):
        return pixels
    pixels = np.asarray(pixels)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    if pixels.dtype.kind not in "bui" or (pixels.size and not 0 <= int(pixels.min()) <= int(pixels.max()) < 2**16):
        raise ValueError(f"Pixels must be whole numbers in [0, 65535]. Received: an array of {pixels.dtype}.")
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8 if not pixels.size or pixels.max() < 256 else np.uint16)).save(file, "PNG")
    return file.getvalue()
