import io

import numpy as np
import pytest
from PIL import Image

from kmm.data.file_source import FileSource
from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.mask_spec import MaskSpec


def png(array):
    file = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def source():
    left = FilePhrase(("left", "the left"), MaskSpec(file=png([[1, 0, 0]])), "side")
    entry = FileEntry("a.jsonl:1", png([[10, 20, 30]]), (left, FilePhrase(("nothing",), None, "absent")))
    return FileSource("mine", {"train": [entry]})


def test_every_phrase(source):
    phrases = [("left", "side"), ("the left", "side"), ("nothing", "absent")]
    assert source.all_prompts("train", 0) == phrases
    masks = [[[1, 0, 0]], [[1, 0, 0]], [[0, 0, 0]]]
    for number, ((text, kind), mask) in enumerate(zip(phrases, masks, strict=True)):
        example = source.phrase("train", 0, number)
        assert (example.prompts, example.kinds) == ((text,), (kind,))
        assert example.image[0, :, 0].tolist() == [10, 20, 30]
        assert example.segmentation_masks.tolist() == [mask]
    assert len(source._cache) == 1


def test_drawn_phrases_are_among_them(source):
    example = source.example("train", 0, num_prompts=3)
    assert set(zip(example.prompts, example.kinds, strict=True)) == set(source.all_prompts("train", 0))
    assert source.prompts("train") == ["left", "the left", "nothing"]


@pytest.mark.parametrize("number", [3, -1])
def test_a_phrase_that_is_not_there(number, source):
    with pytest.raises(ValueError, match=f"^a.jsonl:1: The picture has phrases 0 to 2. Received: number={number}"):
        source.phrase("train", 0, number)
