import concurrent.futures
import io

import numpy as np
import pytest
from PIL import Image

from kmm.data import build_dataset
from kmm.data.files.entry_source import EntrySource
from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.mask_spec import MaskSpec
from kmm.preprocessing import PromptTokenizer


def png(array, orientation=None):
    file, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.fromarray(np.asarray(array, np.uint8)).save(file, "PNG", exif=exif)
    return file.getvalue()


def entry_of(number, num_phrases=2, image=None):
    """A picture of 4 x 6 pixels whose grey value is its number, and of whose rows each phrase names one."""
    phrases = []
    for row in range(num_phrases):
        mask = np.zeros((4, 6))
        mask[row] = 1
        phrases.append(FilePhrase((f"row {row} of {number}", f"line {row} of {number}"), MaskSpec(file=png(mask))))
    image = png(np.full((4, 6), number)) if image is None else image
    return FileEntry(f"a.jsonl:{number}", image, tuple(phrases))


@pytest.fixture
def source():
    return EntrySource("mine", {"val": [entry_of(9)], "extra": [entry_of(8)], "train": [entry_of(n) for n in range(3)]})


def test_the_contract(source):
    assert (source.name, source.task, source.class_names) == ("mine", "referring", ())
    assert source.splits == ("train", "val", "extra") and source.num_examples("train") == 3
    assert source.where("train", 2) == "a.jsonl:2"
    example = source.example("train", 2, num_prompts=3)
    assert example.image.shape == (4, 6, 3) and example.image.dtype == np.uint8 and (example.image == 2).all()
    assert example.segmentation_masks.shape == (3, 4, 6) and example.segmentation_masks.dtype == np.uint8
    assert example.kinds == ("phrase",) * 3 and len(set(example.prompts)) == 3
    for text, mask in zip(example.prompts, example.segmentation_masks, strict=True):
        row = int(text.split()[1])
        assert text.endswith("of 2") and (mask[row] == 1).all() and mask.sum() == 6


def test_what_is_drawn_depends_on_seed_epoch_split_and_index_only():
    def texts(seed=0, **kwargs):
        entries = [entry_of(1, num_phrases=4)] * 2
        source = EntrySource("mine", {"train": entries, "val": entries}, seed)
        places = (("train", 0), ("train", 1), ("val", 0))
        return [source.example(split, index, num_prompts=4, **kwargs).prompts for split, index in places]

    assert texts() == texts() and texts(epoch=4) == texts(epoch=4)
    assert texts() != texts(epoch=1) and texts() != texts(seed=1) and len(set(texts())) == 3


def test_many_threads(source):
    alone = EntrySource("mine", {"train": [entry_of(n) for n in range(3)]})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: source.example("train", k % 3, k // 3, 2).prompts, range(60)))
    assert found == [alone.example("train", k % 3, k // 3, 2).prompts for k in range(60)]
    assert source._cached_bytes == sum(num_bytes for _, _, num_bytes in source._cache.values())


def test_pictures_turn_with_their_masks():
    grey = np.arange(6).reshape(2, 3) * 40
    for orientation in range(1, 9):
        phrase = FilePhrase(("bright",), MaskSpec(file=png(grey > 100)))
        entry = FileEntry("a.jsonl:1", png(grey, orientation), (phrase,))
        example = EntrySource("mine", {"train": [entry]}).example("train", 0)
        np.testing.assert_array_equal(example.segmentation_masks[0], example.image[..., 0] > 100)


def test_texts_of_all_pictures(source):
    assert source.prompts("train") == [
        f"{word} {row} of {number}"
        for row, word in ((0, "row"), (0, "line"), (1, "row"), (1, "line"))
        for number in range(3)
    ]
    assert source.prompts("train", limit=2) == ["row 0 of 0", "row 0 of 2"]
    more = EntrySource("mine", {"train": [entry_of(0)]}, wordings=["x", "y"])
    assert more.prompts("train", limit=3) == ["x", "y", "row 0 of 0"]


def test_the_cache_is_used_and_bounded(tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(png(np.full((4, 6), number)))
    num_bytes = 4 * 6 * 3 + 2 * 6
    monkeypatch.setattr(EntrySource, "CACHE_BYTES", 2 * num_bytes + 10)
    source = EntrySource("mine", {"train": [entry_of(n, image=str(path)) for n, path in enumerate(paths)]})
    source.check()
    assert len(source._cache) == 2 and source._cached_bytes == 2 * num_bytes
    kept = sorted(index for _, index in source._cache)
    for path in paths:
        path.unlink()
    assert not source.example("train", kept[0], epoch=1).image.flags.writeable
    with pytest.raises(FileNotFoundError, match=r"^a.jsonl:\d: An image file must exist"):
        source.example("train", ({0, 1, 2} - set(kept)).pop())


def test_what_outgrows_the_cache_is_forgotten(monkeypatch):
    monkeypatch.setattr(EntrySource, "CACHE_BYTES", 4 * 6 * 3 + 6)
    source = EntrySource("mine", {"train": [entry_of(0)]})
    source.example("train", 0)
    assert len(source._cache) == 1
    source.check()
    assert source._cache == {} and source._cached_bytes == 0


def test_training(source):
    tokenizer = PromptTokenizer.adapt(source.prompts("train"), sequence_length=6)
    dataset = build_dataset(source, "train", 2, (8, 8), tokenizer, num_prompts=4, training=True)
    inputs, masks = next(iter(dataset))
    assert tuple(inputs["images"].shape) == (2, 8, 8, 3) and tuple(inputs["token_ids"].shape) == (2, 4, 6)
    assert tuple(masks.shape) == (2, 4, 8, 8) and (masks.numpy().sum(axis=(2, 3)) == 16).all()


def test_check_names_the_first_bad_entry():
    bad_mask = FilePhrase(("a",), MaskSpec(file=png(np.zeros((5, 5)))), where="a.jsonl:71")
    good, image = entry_of(1), png(np.zeros((4, 6)))
    cases = {
        "^a.jsonl:70: An image must decode as JPEG": FileEntry("a.jsonl:70", b"no picture", good.phrases),
        "^a.jsonl:70: An image file must exist": FileEntry("a.jsonl:70", "nowhere.png", good.phrases),
        r"^a.jsonl:71: A mask must have the size of its picture": FileEntry(
            "a.jsonl:70", image, (*good.phrases, bad_mask)
        ),
    }
    for message, bad in cases.items():
        source = EntrySource("mine", {"train": [good] * 300, "val": [good, bad, bad]})
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            source.check()
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            source.check_example("val", 1)
        source.check_example("val", 0)


def test_wrong_arguments(source):
    with pytest.raises(ValueError, match="at least one picture in every split. Received: none in val of 'mine'"):
        EntrySource("mine", {"train": [entry_of(1)], "val": []})
    with pytest.raises(ValueError, match="at least one picture in every split. Received: none in any of 'mine'"):
        EntrySource("mine", {})
    for read in (source.num_examples, source.prompts, lambda split: source.example(split, 0)):
        with pytest.raises(ValueError, match=r"one of \('train', 'val', 'extra'\). Received: split='test' for 'mine'"):
            read("test")
    for index in (3, -1):
        with pytest.raises(ValueError, match=f"has examples 0 to 2. Received: index={index}"):
            source.example("train", index)
