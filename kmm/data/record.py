"""The canonical record: one picture as it is stored once and read every epoch."""

import dataclasses
import io

import numpy as np
import tensorflow as tf
from PIL import Image

FORMAT = "kmm-records/1"
"""Name and version of the layout that a folder's `manifest.json` states."""

MANIFEST = "manifest.json"

NO_TARGET = -1
"""In `Record.targets`: the prompt names nothing that is in the picture."""


@dataclasses.dataclass(frozen=True)
class Record:
    """One picture with its texts and masks, everything still encoded: what data pipelines write and `kmm.data` reads.

    Args:
        key: unique within the split.
        image_bytes: a JPEG or PNG file, 8 bits, RGB or grey, already upright.
        prompts: raw texts; empty for a set whose texts are made from its class masks.
        targets: for each prompt the index of the mask it names, or `NO_TARGET`.
        mask_bytes: for each mask the part of it inside its box, as an 8-bit grey PNG file: 0 and 1 for what a phrase
            names, class ids for a semantic set, 255 where a pixel does not count. Outside its box a mask is 0. Decoding
            parts costs a fraction of decoding whole masks; `mask` gives the whole one.
        boxes: for each mask `(top, left, bottom, right)` of its part, as shares of the picture's height and width in
            [0, 1]; for what a phrase names the tightest box around all pixels but 0.
        kinds: for each prompt what it asks for, such as "relation".
        group: the video, scene or patient that the picture belongs to; splits must not share one.
        position: place in the group, such as the number of the frame.
        label: class id of the whole picture, -1 for none.
        audio_bytes: a WAV file, empty for none.

    Raises:
        ValueError: if the parts do not fit together.

    Example:

    >>> record = Record("1", b"...", ("a car", "the sky"), (0, NO_TARGET), (b"...",), ((0.0, 0.0, 1.0, 0.5),))
    >>> Record.from_bytes(record.to_bytes()) == record
    True
    """

    key: str
    image_bytes: bytes
    prompts: tuple[str, ...] = ()
    targets: tuple[int, ...] = ()
    mask_bytes: tuple[bytes, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    kinds: tuple[str, ...] = ()
    group: str = ""
    position: int = 0
    label: int = -1
    audio_bytes: bytes = b""

    def __post_init__(self):
        object.__setattr__(self, "kinds", tuple(self.kinds) or ("phrase",) * len(self.prompts))
        lengths = {len(self.prompts), len(self.targets), len(self.kinds)}
        in_range = all(NO_TARGET <= target < len(self.mask_bytes) for target in self.targets)
        if len(lengths) > 1 or not in_range or len(self.boxes) != len(self.mask_bytes):
            raise ValueError(
                "A record needs a target and a kind for each prompt, targets that are masks of it, and a box for each "
                f"mask. Received: key={self.key!r}, {len(self.prompts)} prompts, {len(self.kinds)} kinds, "
                f"targets={self.targets}, {len(self.mask_bytes)} masks, {len(self.boxes)} boxes."
            )

    def mask(self, index):
        """The whole mask `index`, uint8 `(height, width)` of the picture's size."""
        with Image.open(io.BytesIO(self.image_bytes)) as picture:
            width, height = picture.size
        whole = np.zeros((height, width), np.uint8)
        top, left, bottom, right = np.rint(np.multiply(self.boxes[index], (height, width) * 2)).astype(int)
        if bottom > top:
            whole[top:bottom, left:right] = np.asarray(Image.open(io.BytesIO(self.mask_bytes[index])))
        return whole

    def to_bytes(self):
        """The record as a serialized `tf.train.Example`."""
        features = {
            "key": _bytes([self.key.encode()]),
            "image_bytes": _bytes([self.image_bytes]),
            "prompts": _bytes(prompt.encode() for prompt in self.prompts),
            "targets": _ints(self.targets),
            "mask_bytes": _bytes(self.mask_bytes),
            "boxes": tf.train.Feature(float_list=tf.train.FloatList(value=[x for box in self.boxes for x in box])),
            "kinds": _bytes(kind.encode() for kind in self.kinds),
            "group": _bytes([self.group.encode()]),
            "position": _ints([self.position]),
            "label": _ints([self.label]),
            "audio_bytes": _bytes([self.audio_bytes]),
        }
        return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)

    @classmethod
    def from_bytes(cls, serialized):
        """The record in a serialized `tf.train.Example`."""
        features = tf.train.Example.FromString(serialized).features.feature

        def texts(name):
            return tuple(value.decode() for value in features[name].bytes_list.value)

        corners = features["boxes"].float_list.value
        return cls(
            key=texts("key")[0],
            image_bytes=features["image_bytes"].bytes_list.value[0],
            prompts=texts("prompts"),
            targets=tuple(features["targets"].int64_list.value),
            mask_bytes=tuple(features["mask_bytes"].bytes_list.value),
            boxes=tuple(tuple(corners[i : i + 4]) for i in range(0, len(corners), 4)),
            kinds=texts("kinds"),
            group=texts("group")[0],
            position=features["position"].int64_list.value[0],
            label=features["label"].int64_list.value[0],
            audio_bytes=features["audio_bytes"].bytes_list.value[0],
        )


def _bytes(values):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=list(values)))


def _ints(values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=list(values)))
