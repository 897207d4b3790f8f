import pickle

import numpy as np
import pytest
from PIL import Image

from data_pipelines.flickr8k import Flickr8k
from kmm.data.record import NO_TARGET

NAMES = {"train": "1000268201_693b08cb0e.jpg", "dev": "1001773457_577c3a7d70.jpg", "test": "1002674143_1b742ab4b8.jpg"}


def caption_rows(name, numbers=range(5)):
    return "".join(f"{name}#{number}\tA dog # {number} in {name} .\n" for number in numbers)


@pytest.fixture
def folder(tmp_path):
    texts = tmp_path / "Flickr8k_text"
    texts.mkdir()
    (tmp_path / "Flicker8k_Dataset").mkdir()
    for split, name in NAMES.items():
        (texts / f"Flickr_8k.{split}Images.txt").write_text(f"{name}\n")
        Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(tmp_path / "Flicker8k_Dataset" / name)
    # The owners' file has captions of a picture that is in no list.
    rows = [caption_rows(name) for name in (*NAMES.values(), "2258277193_586949ec62.jpg.1")]
    (texts / "Flickr8k.token.txt").write_text("".join(rows))
    return tmp_path


def test_records(folder):
    data = Flickr8k()
    assert data.splits(folder) == ("train", "val", "test")
    items = {split: list(data.items(folder, split)) for split in data.splits(folder)}
    assert {split: len(found) for split, found in items.items()} == {"train": 1, "val": 1, "test": 1}
    record = data.record(pickle.loads(pickle.dumps(items["val"][0])))
    assert record.key == "1001773457_577c3a7d70"
    assert record.prompts == tuple(f"A dog # {number} in {NAMES['dev']} ." for number in range(5))
    assert record.kinds == ("caption",) * 5


def test_captions_have_no_mask(folder):
    record = Flickr8k().record(next(Flickr8k().items(folder, "train")))
    assert record.targets == (NO_TARGET,) * 5 and record.mask_bytes == record.boxes == ()


def test_captions_are_ordered_by_their_numbers(folder):
    path = folder / "Flickr8k_text" / "Flickr8k.token.txt"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    record = Flickr8k().record(next(Flickr8k().items(folder, "train")))
    assert [prompt.split()[3] for prompt in record.prompts] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("name", ["Flickr8k_Dataset", "Images"])
def test_other_names_of_the_folders(folder, name):
    (folder / "Flicker8k_Dataset").rename(folder / name)
    for path in (folder / "Flickr8k_text").iterdir():
        path.rename(folder / path.name)
    (item,) = Flickr8k().items(folder, "test")
    assert Flickr8k().record(item).image_bytes == (folder / name / NAMES["test"]).read_bytes()


def test_missing_files_are_named(folder, tmp_path):
    data, texts = Flickr8k(), folder / "Flickr8k_text"
    with pytest.raises(FileNotFoundError, match=r"(?s)kmm_flickr8k.*no .*token\.txt.*trainImages\.txt"):
        data.splits(tmp_path / "nowhere")
    (item,) = data.items(folder, "train")
    (folder / "Flicker8k_Dataset" / NAMES["train"]).unlink()
    with pytest.raises(FileNotFoundError, match=NAMES["train"]):
        data.record(item)
    (texts / "Flickr_8k.devImages.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*devImages\.txt"):
        list(data.items(folder, "val"))
    (folder / "Flicker8k_Dataset").rename(folder / "elsewhere")
    with pytest.raises(FileNotFoundError, match="no .*Flicker8k_Dataset"):
        list(data.items(folder, "train"))


def test_bad_content_is_named(folder):
    data, path = Flickr8k(), folder / "Flickr8k_text" / "Flickr8k.token.txt"
    good = path.read_text()
    path.write_text(f"{good}{NAMES['train']} A dog .\n")
    with pytest.raises(ValueError, match=r"# and a number, a tab.*A dog.*token\.txt:21"):
        list(data.items(folder, "train"))
    path.write_text(caption_rows(NAMES["train"], numbers=(0, 1, 3)))
    (item,) = data.items(folder, "train")
    with pytest.raises(ValueError, match=r"captions 0 to 4\. Received: \[0, 1, 3\] .*trainImages\.txt:1"):
        data.record(item)
    (item,) = data.items(folder, "test")
    with pytest.raises(ValueError, match=r"Received: \[\] .*testImages\.txt:1"):
        data.record(item)
    with pytest.raises(ValueError, match="Received: split='dev'"):
        list(data.items(folder, "dev"))
