"""Referring data from a table of comma-separated values."""

import functools

from kmm.data.files.csv_rows import CsvRows
from kmm.data.from_jsonl import source_of_tables


def from_csv(path, images=None, masks=None, delimiter=",", val_share=0.1, keep_bad=False, seed=0):
    """A referring source over a table with a header, such as

    ```
    image,prompt,segmentation_mask
    images/1.jpg,the red car,masks/1.png
    ```

    The columns are the fields of `kmm.data.from_jsonl`; `prompts`, `polygons`, `rle` and `size` hold JSON text, and an
    empty cell in the mask's column says that the prompt names nothing. Other columns are left alone. Cells with commas,
    quotes or line breaks are put in double quotes, as spreadsheets do.

    Args:
        path: a file, or a folder that holds `train.csv`, `val.csv` and, if wanted, `test.csv` and others; see
            `kmm.data.from_jsonl`.
        images: folder that relative paths of pictures start from; default: the file's own.
        masks: folder that relative paths of masks start from; default: the file's own.
        delimiter: the character between cells.
        val_share: share of the pictures for "val", if a single file has no column `split`.
        keep_bad: whether rows that cannot be used become examples that raise when they are read, so that
            `kmm.data.check_source` lists them all and `kmm.data.skip_bad` leaves them out; default: an error at once.
        seed: int, keys the drawing of texts together with epoch, split and index.

    Returns:
        A `kmm.data.FileSource`.

    Raises:
        FileNotFoundError: no such file or folder.
        ValueError: a header without a needed column; a row that is not UTF-8, has too many or too few cells or wrong
            fields, by file and line.

    Example:

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "train.csv")
    ...     _ = path.write_text('image,prompt,segmentation_mask\\n1.jpg,"a dog, asleep",1.png\\n')
    ...     source = from_csv(folder)
    ...     source.prompts("train")
    ['a dog, asleep']
    """
    rows_of = functools.partial(CsvRows, delimiter=delimiter)
    return source_of_tables(path, "csv", rows_of, images, masks, val_share, keep_bad, seed)
