"""Referring data from JSON lines."""

import pathlib

from kmm.data.file_source import FileSource
from kmm.data.files.entry_source import FIRST_SPLITS
from kmm.data.files.json_lines import JsonLines
from kmm.data.files.read_row import SPLITS
from kmm.data.files.row_table import RowTable


def from_jsonl(path, images=None, masks=None, val_share=0.1, keep_bad=False, seed=0):
    """A referring source over a file of JSON lines, one object a line:

    `{"image": "images/1.jpg", "prompt": "the red car", "segmentation_mask": "masks/1.png"}`

    Lines with the same picture are phrases of one picture. Every line is checked at once, pictures and masks when they
    are read; `check()` reads them all. Of a line only its place is held in memory. Fields other than these are left
    alone:

    - `image`: path of the picture: JPEG, PNG, WebP, BMP, TIFF or GIF.
    - `prompt`: a text of at most 4,096 bytes; or `prompts`: a list of texts that mean the same.
    - the mask, in one of these: `segmentation_mask` (or `mask`), path of a PNG file (8-bit, 16-bit or palette), or an
      object `{"path": ..., "class_id": ...}`, or polygons or run lengths as below, or `null` or `[]` if the prompt
      names nothing that is in the picture; `polygons`, a list of flat lists `[x1, y1, x2, y2, ...]` in pixels; `rle`,
      COCO's `{"size": [height, width], "counts": ...}`. `kmm.data.files.mask_spec.MaskSpec` says which values of a PNG
      file count as target, and how masks of turned photographs are turned.
    - `class_id`: the id in the PNG file that is meant; default: every id but 0.
    - `size`: `[height, width]` of the picture on which the polygons were drawn; default: as it is stored.
    - `split`, in a single file; `id`, unique within a split; `kind`, what the prompt asks for, as scores are reported
      for each kind (default: "phrase", or "absent" without a mask).

    Args:
        path: a file, or a folder that holds `train.jsonl`, `val.jsonl` and, if wanted, `test.jsonl` and others. The
            lines of a single file may name their split; if none does, the pictures are shared out by a hash of their
            path, so that all phrases of a picture are in the same split.
        images: folder that relative paths of pictures start from; default: the file's own.
        masks: folder that relative paths of masks start from; default: the file's own.
        val_share: share of the pictures for "val", if a single file names no splits.
        keep_bad: whether rows that cannot be used become examples that raise when they are read, so that
            `kmm.data.check_source` lists them all and `kmm.data.skip_bad` leaves them out; default: an error at once.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Returns:
        A `kmm.data.FileSource`.

    Raises:
        FileNotFoundError: no such file or folder.
        ValueError: a line that is not UTF-8 or JSON, or has wrong fields, by file and line; a folder without files for
            splits.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "train.jsonl")
    ...     _ = path.write_text('{"image": "1.jpg", "prompts": ["a dog", "the dog"], "mask": "1.png"}\\n')
    ...     source = from_jsonl(folder)
    ...     source.prompts("train")
    ['a dog', 'the dog']
    """
    return source_of_tables(path, "jsonl", JsonLines, images, masks, val_share, keep_bad, seed)


def source_of_tables(path, suffix, rows_of, images, masks, val_share, keep_bad, seed):
    """The source of a file, or of a folder of files named like their splits; `rows_of` makes the rows of a path."""
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"A data file must exist. Received: {path}. Check the path.")
    files = {"": path} if path.is_file() else find_files(path, suffix)
    entries = {}
    for split, file in files.items():
        entries |= RowTable(rows_of(file), images, masks, keep_bad).entries(split or None, val_share)
    name = path.stem if path.is_file() else path.resolve().name
    return FileSource(name, entries, seed)


def find_files(directory, suffix):
    """The files of a folder by split; by "" a single one that is not named like a split."""
    files = sorted(path for path in directory.iterdir() if path.suffix.lower() == f".{suffix}")
    by_split = {SPLITS.get(path.stem, path.stem): path for path in files}
    if len(by_split) < len(files):
        raise ValueError(
            f"Files must be of different splits. Received: {[path.name for path in files]} in {directory}."
        )
    if len(files) == 1 and not set(FIRST_SPLITS).intersection(by_split):
        return {"": files[0]}
    if not set(FIRST_SPLITS).intersection(by_split):
        names = ", ".join(f"{split}.{suffix}" for split in FIRST_SPLITS)
        found = [path.name for path in files[:10]] or "none"
        raise ValueError(f"A data folder must hold {names}. Received: {found} in {directory}. Rename the files.")
    return by_split
