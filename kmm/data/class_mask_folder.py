"""A source that reads a folder of photographs and class-id masks and makes the words from the masks."""

import concurrent.futures
import pathlib
import threading
import zlib

import numpy as np
from PIL import Image, ImageOps

from kmm.data.class_list import ClassList
from kmm.data.example import Example
from kmm.data.mask_phrases import MaskPhrases, absent_texts
from kmm.data.scene_description import SceneDescription, description_texts
from kmm.preprocessing.read_image import open_image, upright_rgb

LAYOUT = "DIR/train/images/*.jpg and DIR/train/masks/*.png, the same for val and test, equal stems for a pair"
SUFFIXES = (".jpg", ".jpeg", ".png")
TASKS = ("semantic", "referring")


class ClassMaskFolder:
    """Photographs with a class id for every pixel, from `DIR/<split>/images` and `DIR/<split>/masks`.

    A semantic source describes the picture ("a street with a wide road, ...") and gives the class ids; a referring one
    asks for parts of it ("the leftmost car") and gives binary masks. Pairing of files is checked at construction, their
    content when they are read; `check` reads everything once. Decoded arrays stay in memory up to `CACHE_BYTES` (1 GiB)
    so that later epochs cost no decoding; what is beyond is read again. EXIF rotation is applied to picture and mask
    alike. Masks are PNG files of mode L, P (the palette does not matter) or 16-bit.

    Args:
        directory: the folder.
        task: "semantic" or "referring".
        classes: path of a `classes.json` (see `ClassList`); default: the folder's own, else the packaged list
            named like the folder.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Raises:
        ValueError: no such folder, no pictures, a missing mask, an unknown task or split; when a file is read: a
            picture or mask that does not decode, differing sizes, unknown class ids.

    Example:

    >>> source = ClassMaskFolder("data/camvid", task="referring")  # doctest: +SKIP
    >>> source.example("train", 0, num_prompts=4).prompts  # doctest: +SKIP
    ('the road', 'the car on the left', 'the largest sign', 'all cyclists')
    """

    CACHE_BYTES = 2**30

    def __init__(self, directory, task="semantic", classes=None, seed=0):
        if task not in TASKS:
            raise ValueError(f"`task` must be one of {TASKS}. Received: task={task!r}.")
        self.directory = pathlib.Path(directory)
        if not self.directory.is_dir():
            raise ValueError(f"The data folder must exist. Received: directory={directory}. It holds {LAYOUT}.")
        self.task, self.seed = task, seed
        self.name = self.directory.resolve().name
        self._files = _find_files(self.directory)
        self.splits = tuple(self._files)
        self.class_list = ClassList.load(classes) if classes else ClassList.find(self.directory)
        self.class_names = self.class_list.names if task == "semantic" else ()
        self._cache, self._cached_bytes, self._lock = {}, 0, threading.Lock()

    def num_examples(self, split):
        """How many pictures the split holds."""
        return len(self._pairs(split))

    def example(self, split, index, epoch=0, num_prompts=1):
        """The picture `index` of the split with `num_prompts` texts drawn for this epoch."""
        image, mask, words = self._read(split, index)
        key = (self.seed, epoch, zlib.crc32(split.encode()), index)
        if self.task == "semantic":
            texts = tuple(words.text(np.random.default_rng((*key, k))) for k in range(num_prompts))
            return Example(image, texts, np.repeat(mask[None], num_prompts, axis=0), ("description",) * num_prompts)
        texts, kinds, masks = words.draw(np.random.default_rng(key), num_prompts)
        return Example(image, texts, masks, kinds)

    def prompts(self, split, limit=2000):
        """Up to `limit` texts: every wording there can be, then texts of up to 64 pictures."""
        make = description_texts if self.task == "semantic" else _phrase_texts
        texts = make(self.class_list)
        pictures = np.linspace(0, self.num_examples(split) - 1, min(64, self.num_examples(split))).astype(int)
        each = -(-max(limit - len(texts), 0) // len(pictures))
        for index in pictures if each else ():
            texts += self.example(split, int(index), num_prompts=each).prompts
        return list(texts[:limit])

    def check(self):
        """Reads every file once and raises on the first bad one; what fits stays in memory for training."""
        jobs = [(split, index) for split in self.splits for index in range(self.num_examples(split))]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda job: self._read(*job), jobs):
                pass

    def _pairs(self, split):
        if split not in self._files:
            raise ValueError(f"`split` must be one of {self.splits}. Received: split={split!r} for {self.directory}.")
        return self._files[split]

    def _read(self, split, index):
        """Picture, mask and words of one example, from memory where they are kept."""
        if (split, index) not in self._cache:
            image, mask = _decode(*self._pairs(split)[index], self.class_list)
            words = (SceneDescription if self.task == "semantic" else MaskPhrases)(mask, self.class_list)
            num_bytes = image.nbytes + mask.nbytes * (1 if self.task == "semantic" else 2)  # phrases keep a label map
            with self._lock:
                if self._cached_bytes + num_bytes > self.CACHE_BYTES:
                    return image, mask, words
                if (split, index) not in self._cache:
                    self._cached_bytes += num_bytes
                    self._cache[split, index] = image, mask, words
        return self._cache[split, index]


def _find_files(directory):
    """Pairs of picture and mask of every split, by name; train, val and test come first."""
    folders = [path for path in directory.iterdir() if (path / "images").is_dir()]
    folders.sort(key=lambda path: (("train", "val", "test", path.name).index(path.name), path.name))
    files = {}
    for folder in folders:
        images = sorted(path for path in (folder / "images").iterdir() if path.suffix.lower() in SUFFIXES)
        files[folder.name] = [(image, folder / "masks" / f"{image.stem}.png") for image in images]
        for image, mask in files[folder.name]:
            if not mask.is_file():
                raise ValueError(f"Every picture must have a mask. Received: {image} without {mask}.")
    empty = [split for split, pairs in files.items() if not pairs]
    if empty or not files:
        what = f"no picture in {directory / empty[0] / 'images'}" if empty else f"no split in {directory}"
        raise ValueError(f"A data folder must hold pictures. Received: {what}. Expected {LAYOUT}.")
    return files


def _decode(image_file, mask_file, class_list):
    """RGB uint8 picture and canonical mask, both turned upright."""
    picture, mask = open_image(image_file), open_image(mask_file)
    if mask.mode not in ("1", "L", "P", "I", "I;16", "I;16B"):
        raise ValueError(
            f"A mask must hold one class id per pixel (PNG of mode L, P or 16-bit). Received: mode {mask.mode} in "
            f"{mask_file}. Save the class ids, not colours."
        )
    if picture.size != mask.size:
        raise ValueError(
            f"A mask must have the size of its picture. Received (width, height): {mask.size} in {mask_file} for "
            f"{picture.size} in {image_file}. Resize the mask with nearest neighbour."
        )
    orientation = picture.getexif().get(0x0112, 1)
    ids = Image.fromarray(np.asarray(mask).astype(np.int32))
    ids.getexif()[0x0112] = orientation
    image = upright_rgb(picture)
    ids = class_list.canonical(np.asarray(ImageOps.exif_transpose(ids)), mask_file)
    image.flags.writeable = ids.flags.writeable = False
    return image, ids


def _phrase_texts(class_list):
    return tuple(text for _, entry in class_list.counted for text in absent_texts(entry, class_list.middle))
