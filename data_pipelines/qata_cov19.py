"""QaTa-COV19 with texts: chest X-rays and the sentences that say where the lungs are infected."""

import contextlib
import csv
import pathlib

from data_pipelines.record_parts import referring_record
from data_pipelines.voc2012 import check_split, find_root, missing, read_class_ids

FOLDERS = {"train": "Train", "val": "Val", "test": "Test"}
"""What the names of a split's folder and table begin with."""

COLUMNS = ("Image", "Description")
SUFFIXES = (".png", ".jpg", ".jpeg")


class QataCov19:
    """QaTa-COV19 with the sentences of LViT: chest X-rays, what is infected, and one sentence on where it is.

    In these masks 255 is the infection: nothing is left out of the count. A folder decides which pictures belong to a
    split; the table beside it, in which train and val may share their rows, gives the sentences.

    Raises:
        FileNotFoundError: from `splits` and `items`, if a folder or table is missing.
        ImportError: from `items`, if the only table is an Excel file and openpyxl is not installed.
        ValueError: from `items` for an unknown split or a damaged table, from `record` for a picture without a sentence
            and for a mask of colours or with other values.

    Example:

    >>> data = QataCov19()
    >>> data.IDS
    {0: 0, 1: 1, 255: 1}
    >>> next(data.items("downloads/qata_cov19", "train"))[-1]  # doctest: +SKIP
    ('Bilateral pulmonary infection, two infected areas, upper left lung and upper right lung.',)
    """

    name = "kmm_qata_cov19"
    task = "referring"
    description = "Chest X-rays of patients with COVID-19, the infected areas, and a sentence on where they are."
    homepage = "https://github.com/HUANGLIZI/LViT"
    citation = (
        "Degerli, Kiranyaz, Chowdhury, Gabbouj: OSegNet: Operational Segmentation Network for COVID-19 Detection Using "
        "Chest X-Ray Images. ICIP 2022. Texts: Li, Li, Li, Wang, Guo, Lu, Jin, Zhang, Hong: LViT: Language Meets "
        "Vision Transformer in Medical Image Segmentation. IEEE Transactions on Medical Imaging, 2023."
    )
    license = "Research use, see www.kaggle.com/datasets/aysendegerli/qatacov19-dataset and the homepage."
    manual_files = """Train_Folder/         pictures from the QaTa-COV19 dataset, arranged as the homepage says
  Train_text.xlsx     or Train_text.csv: columns Image and Description, from the homepage
  img/                covid_1.png, ...
  labelcol/           mask_covid_1.png, ...
Val_Folder/           the same with Val_text.xlsx
Test_Folder/          the same with Test_text.xlsx"""
    expected_counts = {"train": 5716, "val": 1429, "test": 2113}
    class_list = None

    IDS = {0: 0, 1: 1, 255: 1}

    def splits(self, manual_dir):
        """The names of the splits that are there."""
        root = self._root(manual_dir)
        return tuple(split for split, word in FOLDERS.items() if (root / f"{word}_Folder").is_dir())

    def items(self, manual_dir, split):
        """Key, picture, mask, table and sentences of every picture, by name."""
        check_split(split, self.splits(manual_dir))
        folder = self._root(manual_dir) / f"{FOLDERS[split]}_Folder"
        pictures, masks = folder / "img", folder / "labelcol"
        for part in (pictures, masks):
            if not part.is_dir():
                raise missing(part, self)
        table = self._table(folder / f"{FOLDERS[split]}_text.xlsx")
        sentences = _sentences(table)
        for picture in sorted(path for path in pictures.iterdir() if path.suffix.lower() in SUFFIXES):
            own = tuple(sentences.get(picture.stem, ()))
            yield picture.stem, str(picture), str(masks / f"mask_{picture.stem}.png"), str(table), own

    def record(self, item):
        """The record of one item."""
        key, picture, mask_path, table, sentences = item
        if not sentences:
            raise ValueError(
                f"Every picture needs a sentence. Received: {picture} without a row in {table}. Add the row, or remove "
                "the picture."
            )
        mask = read_class_ids(mask_path, self.IDS)
        target = mask if mask.any() else None
        return referring_record(key, picture, [(sentence, target, "sentence") for sentence in sentences])

    def _root(self, manual_dir):
        folders = (".", "QaTa-COV19", "QaTa-Covid19", "Covid19")
        return find_root(manual_dir, folders, "Train_Folder", self)

    def _table(self, path):
        """The table's path: the CSV export where there is one."""
        for candidate in (path.with_suffix(".csv"), path):
            if candidate.is_file():
                return candidate
        raise missing(path, self)


def _sentences(path):
    """For the stem of every picture its sentences, without repetition."""
    sentences, columns = {}, None
    for number, cells in enumerate(_rows(path), start=1):
        cells = [str(cell).strip() if cell is not None else "" for cell in cells]
        if columns is None:
            if not set(COLUMNS) <= set(cells):
                raise ValueError(
                    f"A table of sentences must begin with the columns {COLUMNS}. Received: {cells} in {path}:1. "
                    "Save the owners' sheet as it is, as CSV in UTF-8 or as .xlsx."
                )
            columns = [cells.index(name) for name in COLUMNS]
            continue
        if not any(cells):
            continue
        image, sentence = (cells[column] if column < len(cells) else "" for column in columns)
        if not image or not sentence:
            raise ValueError(
                f"A row must hold a file name and a sentence. Received: {cells} in {path}:{number}. Complete the row."
            )
        own = sentences.setdefault(pathlib.PurePath(image).stem.removeprefix("mask_"), [])
        if sentence not in own:
            own.append(sentence)
    if not sentences:
        raise ValueError(f"A table of sentences must hold some. Received: {path} without any. Fetch the file again.")
    return sentences


def _rows(path):
    if path.suffix == ".csv":
        yield from _csv_rows(path)
        return
    try:
        import openpyxl
    except ImportError as error:
        raise ImportError(
            f'An Excel file needs the package openpyxl. Received: {path}. Run `pip install "kmm[excel]"`, or save the '
            f"sheet as {path.with_suffix('.csv').name} beside it (CSV, UTF-8)."
        ) from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # of a file that is no archive, or no such archive
        raise ValueError(f"A table must be an Excel file. Received: {path} ({error}). Fetch it again.") from error
    with contextlib.closing(book):
        yield from book.active.iter_rows(values_only=True)


def _csv_rows(path):
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = ";" if first.count(";") > first.count(",") else ","  # as some spreadsheets write
            yield from csv.reader(file, delimiter=delimiter)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"A table must be CSV in UTF-8. Received: {path} ({error}). Save the sheet as CSV in UTF-8."
        ) from error
