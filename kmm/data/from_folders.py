"""Referring data from folders of pictures, masks and text files."""

import pathlib
import re

from kmm.data.file_source import FileSource
from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.file_place import file_place
from kmm.data.files.mask_spec import MaskSpec
from kmm.data.files.read_row import SPLITS
from kmm.data.files.row_table import shared_out

KINDS_OF_FILES = ("images", "masks", "prompts")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
ABSENT = "absent"
NAMED_PART = re.compile(rf"(.+)_(\d+|{ABSENT})")
LAYOUT = "images/*.jpg, masks/*.png and prompts/*.txt of equal stems"


def from_folders(directory, val_share=0.1, seed=0):
    """A referring source over files that belong together by their names:

    ```
    DIR/train/images/dog.jpg
    DIR/train/masks/dog.png          DIR/train/masks/dog_2.png
    DIR/train/prompts/dog.txt        DIR/train/prompts/dog_2.txt       DIR/train/prompts/dog_absent.txt
    ```

    Each text file holds the prompts for the mask of the same name, one a line, all of which mean the same. A picture
    may have several: `dog.txt`, `dog_1.txt`, `dog_2.txt`, ... The lines of `dog_absent.txt` name what is not in the
    picture. `kmm.data.files.mask_spec.MaskSpec` says which values of a mask count as target.

    Args:
        directory: a folder that holds such folders for "train", "val" and, if wanted, "test" and others; or `images`,
            `masks` and `prompts` themselves: then the pictures are shared out by a hash of their name.
        val_share: share of the pictures for "val" in that case.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Returns:
        A `kmm.data.FileSource`.

    Raises:
        ValueError: no pictures, files without partner, text files that are not UTF-8 or hold blank or too long prompts.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for kind, name in zip(KINDS_OF_FILES, ("dog.jpg", "dog.png", "dog.txt"), strict=True):
    ...         pathlib.Path(folder, "train", kind).mkdir(parents=True)
    ...         _ = pathlib.Path(folder, "train", kind, name).write_text("the dog\\na dog")
    ...     from_folders(folder).prompts("train")
    ['the dog', 'a dog']
    """
    directory = pathlib.Path(directory)
    if not directory.is_dir():
        raise ValueError(f"The data folder must exist. Received: directory={directory}. It holds {LAYOUT}.")
    name = directory.resolve().name
    if _is_split(directory):
        entries = _entries(directory)
        number_of = shared_out([pathlib.Path(entry.image).name for entry in entries], val_share)
        by_split = {"train": [], "val": []}
        for entry, number in zip(entries, number_of, strict=True):
            by_split["val" if number else "train"].append(entry)
        return FileSource(name, {split: found for split, found in by_split.items() if found}, seed)
    folders = sorted(path for path in directory.iterdir() if path.is_dir() and _is_split(path))
    if not folders:
        raise ValueError(
            f"A data folder must hold {LAYOUT}, or folders of them for train and val. Received: no such folders in "
            f"{directory}. Put them there."
        )
    return FileSource(name, {SPLITS.get(path.name, path.name): _entries(path) for path in folders}, seed)


def _is_split(directory):
    return all((directory / kind).is_dir() for kind in KINDS_OF_FILES)


def _entries(directory):
    """One entry for each picture, in the order of their names."""
    images = _by_stem(directory / "images", SUFFIXES)
    masks, texts = _by_stem(directory / "masks", (".png",)), _by_stem(directory / "prompts", (".txt",))
    if not images:
        raise ValueError(f"A data folder must hold pictures. Received: none in {directory / 'images'}. Add some.")
    phrases = {stem: [] for stem in images}
    for stem, path in texts.items():
        picture, part = _picture_of(stem, images)
        if picture is None:
            raise ValueError(f"Every text file must belong to a picture. Received: {path} without one in images/.")
        if part != ABSENT and stem not in masks:
            raise ValueError(
                f"Every text file must have a mask. Received: {path} without {directory / 'masks' / stem}.png. What is "
                f"not in the picture is written into {picture}_{ABSENT}.txt."
            )
        phrases[picture] += _phrases(path, None if part == ABSENT else MaskSpec(file=str(masks[stem])))
    silent = [path for stem, path in masks.items() if stem not in texts]
    if silent:
        raise ValueError(f"Every mask must have a text file. Received: {silent[0]}, no prompts/{silent[0].stem}.txt.")
    silent = [path for stem, path in images.items() if not phrases[stem]]
    if silent:
        raise ValueError(f"Every picture must have prompts. Received: {silent[0]}, no prompts/{silent[0].stem}.txt.")
    return [FileEntry(str(path), str(path), tuple(phrases[stem])) for stem, path in images.items()]


def _by_stem(folder, suffixes):
    """Files by their names without suffix, in the order of these names."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        other = found.setdefault(path.stem, path)
        if other != path:
            raise ValueError(f"Files must have different stems. Received: {other} and {path.name}. Rename one.")
    return found


def _picture_of(stem, images):
    """The stem of the picture that a text file belongs to, and what follows it: a number, "absent" or nothing."""
    part = NAMED_PART.fullmatch(stem)
    if stem not in images and part and part[1] in images:
        return part[1], part[2]
    return (stem, "") if stem in images else (None, "")


def _phrases(path, mask):
    """The lines of a text file: wordings of one phrase, or phrases of their own if there is no mask."""
    texts = []
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        with file_place(f"{path}:{number}"):
            if line.strip():
                text = line.decode("utf-8").strip()
                texts.append(FilePhrase((text,), mask, where=f"{path}:{number}"))
    if not texts:
        raise ValueError(f"A text file must hold prompts, one a line. Received: nothing in {path}. Write them.")
    if mask is None:
        return texts
    return [FilePhrase(tuple(text for phrase in texts for text in phrase.texts), mask, where=str(path))]
