"""A source that reads a folder of photographs and class-id masks and makes the words from the masks."""

import pathlib

from kmm.data.class_list import ClassList
from kmm.data.class_mask_source import ClassMaskSource
from kmm.data.mask_phrases import SHARES
from kmm.preprocessing.read_image import name_of, read_image_and_orientation
from kmm.preprocessing.read_mask import read_stored_mask, turn_upright

LAYOUT = "DIR/train/images/*.jpg and DIR/train/masks/*.png, the same for val and test, equal stems for a pair"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")


class ClassMaskFolder(ClassMaskSource):
    """Photographs with a class id for every pixel, from `DIR/<split>/images` and `DIR/<split>/masks`.

    See `ClassMaskSource` for what is made of them. Pairing of files is checked at construction, their content when they
    are read; `check` reads everything once. EXIF rotation is applied to picture and mask alike. Masks are PNG files of
    mode L, P (the palette does not matter) or 16-bit.

    Args:
        directory: the folder.
        task: "semantic" or "referring".
        classes: path of a `classes.json`, its content as a list or dict, or a `ClassList`; default: the folder's own
            file, else the packaged list named like the folder.
        seed: int, keys the drawing of texts together with epoch, split and index.
        templates, negatives: see `ClassMaskSource`.
        synonyms: see `ClassList.with_synonyms`.
        things: which bare names are counted, see `ClassList`.

    Attributes:
        unused_files: files beside the pairs that belong to none of them, such as a mask without a picture.

    Raises:
        ValueError: no such folder, no pictures, missing masks, an unknown task or split; when a file is read: a
            picture or mask that does not decode, differing sizes, unknown class ids.

    Example:

    >>> source = ClassMaskFolder("data/camvid", task="referring")  # doctest: +SKIP
    >>> source.example("train", 0, num_prompts=4).prompts  # doctest: +SKIP
    ('the road', 'the car on the left', 'the largest sign', 'all cyclists')
    """

    def __init__(
        self,
        directory,
        task="semantic",
        classes=None,
        seed=0,
        templates=None,
        synonyms=None,
        negatives=SHARES["absent"],
        things=None,
    ):
        self.directory = pathlib.Path(directory)
        if not self.directory.is_dir():
            raise ValueError(f"The data folder must exist. Received: directory={directory}. It holds {LAYOUT}.")
        files, self.unused_files = _find_files(self.directory)
        if classes is None:
            class_list = ClassList.find(self.directory, things)
        else:
            class_list = class_list_from(classes, things)
        super().__init__(
            read_pair=lambda split, index: read_pair(*files[split][index]),
            num_examples={split: len(pairs) for split, pairs in files.items()},
            class_list=class_list.with_synonyms(synonyms or {}),
            task=task,
            name=self.directory.resolve().name,
            templates=templates,
            negatives=negatives,
            seed=seed,
            where=lambda split, index: str(files[split][index][0]),
        )


def class_list_from(classes, things=None):
    """A `ClassList` from one, from the path of a `classes.json`, or from its content."""
    if isinstance(classes, ClassList):
        if things is not None:
            raise ValueError(
                f"A ClassList knows what is counted. Received: things={things!r} beside it. Pass the names."
            )
        return classes
    if isinstance(classes, (list, tuple, dict)):
        return ClassList.from_json(classes, "the argument `classes`", things)
    return ClassList.load(classes, things)


def read_pair(picture, mask):
    """The upright RGB picture, its class ids, and the name of the mask.

    A mask is turned as its own EXIF data say, or else as the picture is if it has the size in which that is stored.

    Args:
        picture, mask: paths, or the files' content as bytes; the mask is a PNG file.

    Returns:
        uint8 `(height, width, 3)`, int32 `(height, width)`, str.
    """
    image, orientation = read_image_and_orientation(picture)
    ids, own_orientation = read_stored_mask(mask)
    if own_orientation != 1:
        ids = turn_upright(ids, own_orientation)
    elif ids.shape == (image.shape[1::-1] if orientation >= 5 else image.shape[:2]):
        ids = turn_upright(ids, orientation)
    if ids.shape != image.shape[:2]:
        raise ValueError(
            f"A mask must have the size of its picture. Received (width, height): {ids.shape[::-1]} in {name_of(mask)} "
            f"for {image.shape[1::-1]} in {name_of(picture)}. Resize the mask with nearest neighbour."
        )
    return image, ids, name_of(mask)


def _find_files(directory):
    """Pairs of picture and mask of every split, by name, and the files in no pair; train, val and test come first."""
    folders = [path for path in directory.iterdir() if (path / "images").is_dir()]
    folders.sort(key=lambda path: (("train", "val", "test", path.name).index(path.name), path.name))
    files, unused, missing = {}, [], []
    for folder in folders:
        found = {path for kind in ("images", "masks") if (folder / kind).is_dir() for path in (folder / kind).iterdir()}
        images = sorted(path for path in (folder / "images").iterdir() if path.suffix.lower() in SUFFIXES)
        files[folder.name] = [(image, folder / "masks" / f"{image.stem}.png") for image in images]
        missing += [(image, mask) for image, mask in files[folder.name] if not mask.is_file()]
        used = {path for pair in files[folder.name] for path in pair}
        unused += sorted(path for path in found - used if not path.name.startswith("."))
    if missing:
        listed = "; ".join(f"{image} without {mask}" for image, mask in missing[:10])
        more = f"; and {len(missing) - 10} more" if missing[10:] else ""
        raise ValueError(f"Every picture must have a mask. Received: {listed}{more}.")
    empty = [split for split, pairs in files.items() if not pairs]
    if empty or not files:
        what = f"no picture in {directory / empty[0] / 'images'}" if empty else f"no split in {directory}"
        raise ValueError(f"A data folder must hold pictures. Received: {what}. Expected {LAYOUT}.")
    return files, unused
