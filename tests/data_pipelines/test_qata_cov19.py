import pickle
import sys

import numpy as np
import pytest
from PIL import Image

from data_pipelines.qata_cov19 import QataCov19
from kmm.data.record import NO_TARGET

SENTENCE = "Bilateral pulmonary infection, two infected areas, upper left lung and upper right lung."
MASK = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_table(folder, split, text):
    (folder / f"{split}_Folder" / f"{split}_text.csv").write_text(text, encoding="utf-8-sig")


@pytest.fixture
def folder(tmp_path):
    for split, stem in (("Train", "covid_1"), ("Val", "covid_2")):
        write(tmp_path / f"{split}_Folder" / "img" / f"{stem}.png", np.full((2, 3), 90, np.uint8))
        write(tmp_path / f"{split}_Folder" / "labelcol" / f"mask_{stem}.png", MASK)
        # Both tables hold the rows of both splits; only the folders tell them apart.
        rows = f'mask_covid_1.png,"{SENTENCE}"\r\n\r\nmask_covid_2.png,Unilateral infection.\r\n'
        write_table(tmp_path, split, f"Image,Description\r\n{rows}")
    return tmp_path


def test_records(folder):
    data = QataCov19()
    assert data.splits(folder) == ("train", "val")
    (train,), (val,) = (list(data.items(folder, split)) for split in ("train", "val"))
    record = data.record(pickle.loads(pickle.dumps(train)))
    assert (record.key, record.prompts, record.targets, record.kinds) == ("covid_1", (SENTENCE,), (0,), ("sentence",))
    assert data.record(val).prompts == ("Unilateral infection.",)


def test_255_is_the_infection_and_nothing_is_left_out(folder):
    data = QataCov19()
    (item,) = data.items(folder, "train")
    record = data.record(item)
    np.testing.assert_array_equal(record.mask(0), [[0, 1, 1], [0, 0, 1]])
    np.testing.assert_allclose(record.boxes, [(0.0, 1 / 3, 1.0, 1.0)], rtol=1e-6)
    write(folder / "Train_Folder/labelcol/mask_covid_1.png", np.zeros((2, 3), np.uint8))
    record = data.record(item)
    assert record.targets == (NO_TARGET,) and record.mask_bytes == ()


def test_spreadsheets_write_csv_in_several_ways(folder):
    data = QataCov19()
    write_table(folder, "Train", "No;Image;Description\n1;covid_1.png;One, and two.\n2;mask_covid_1.png;Three.\n")
    (item,) = data.items(folder, "train")
    assert data.record(item).prompts == ("One, and two.", "Three.")
    write_table(folder, "Train", "Image,Description\ncovid_1.png,One.\nmask_covid_1.png,One.\n")
    (item,) = data.items(folder, "train")
    assert data.record(item).prompts == ("One.",)


def test_excel_files(folder):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("Image", "Description", None), ("mask_covid_1.png", SENTENCE, 3), (None, None, None)):
        book.active.append(row)
    table = folder / "Train_Folder" / "Train_text.xlsx"
    book.save(table)
    table.with_suffix(".csv").unlink()
    (item,) = QataCov19().items(folder, "train")
    assert QataCov19().record(item).prompts == (SENTENCE,)
    table.write_bytes(b"not an archive")
    with pytest.raises(ValueError, match=r"must be an Excel file\. Received: .*Train_text\.xlsx"):
        list(QataCov19().items(folder, "train"))


def test_excel_files_need_a_package(folder, monkeypatch):
    table = folder / "Train_Folder" / "Train_text.csv"
    table.rename(table.with_suffix(".xlsx"))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match=r'Train_text\.xlsx.*pip install "kmm\[excel\]".*Train_text\.csv'):
        list(QataCov19().items(folder, "train"))


def test_missing_files_are_named(folder, tmp_path):
    data = QataCov19()
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_qata_cov19.*no .*Train_Folder.*labelcol/"):
        data.splits(tmp_path / "nowhere")
    (item,) = data.items(folder, "train")
    (folder / "Train_Folder" / "labelcol" / "mask_covid_1.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"labelcol.mask_covid_1\.png"):
        data.record(item)
    (folder / "Train_Folder" / "Train_text.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*Train_text\.xlsx"):
        list(data.items(folder, "train"))
    (folder / "Train_Folder" / "labelcol").rmdir()
    with pytest.raises(FileNotFoundError, match="no .*labelcol"):
        list(data.items(folder, "train"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("File,Text\na,b\n", r"columns \('Image', 'Description'\)\. Received: \['File', 'Text'\] in .*csv:1"),
        ("Image,Description\nmask_covid_1.png\n", r"a file name and a sentence.*\['mask_covid_1\.png'\] in .*csv:2"),
        ("Image,Description\n,Text.\n", r"a file name and a sentence.*csv:2"),
        ("Image,Description\n", "must hold some. Received: .*Train_text.csv"),
        ("", "must hold some"),
    ],
)
def test_bad_tables_are_named(folder, text, message):
    write_table(folder, "Train", text)
    with pytest.raises(ValueError, match=message):
        list(QataCov19().items(folder, "train"))


def test_bad_content_is_named(folder):
    data = QataCov19()
    (item,) = data.items(folder, "train")
    mask = folder / "Train_Folder" / "labelcol" / "mask_covid_1.png"
    write(mask, np.dstack([MASK, MASK * 0, MASK]))
    with pytest.raises(ValueError, match="Save the class ids, not colours"):
        data.record(item)
    write(mask, np.full((2, 3), 128, np.uint8))
    with pytest.raises(ValueError, match=r"among 0 to 1, 255\. Received: \[128\]"):
        data.record(item)
    write_table(folder, "Train", "Image,Description\nmask_covid_9.png,Text.\n")
    (item,) = data.items(folder, "train")
    with pytest.raises(ValueError, match=r"needs a sentence.*covid_1\.png without a row in .*Train_text\.csv"):
        data.record(item)
    (folder / "Train_Folder" / "Train_text.csv").write_bytes(b"Image,Description\nmask_covid_1.png,\xe9\n")
    with pytest.raises(ValueError, match=r"CSV in UTF-8\. Received: .*Train_text\.csv"):
        list(data.items(folder, "train"))
    with pytest.raises(ValueError, match="Received: split='test'"):
        list(data.items(folder, "test"))
