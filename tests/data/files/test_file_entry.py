import io

import numpy as np
import pytest
from PIL import Image

from kmm.data.files.file_entry import FileEntry
from kmm.data.files.file_phrase import FilePhrase
from kmm.data.files.mask_spec import MaskSpec


def png(array):
    file = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(file, "PNG")
    return file.getvalue()


LEFT, RIGHT = [[1, 0, 0], [1, 0, 0]], [[0, 255, 1], [0, 0, 1]]


@pytest.fixture
def entry():
    phrases = (
        FilePhrase(("the left", "left one"), MaskSpec(file=png(LEFT)), "side"),
        FilePhrase(("the right",), MaskSpec(file=png(RIGHT)), where="a.jsonl:2"),
        FilePhrase(("the top",), None),
    )
    return FileEntry("a.jsonl:1", "1.png", phrases)


def test_every_text(entry):
    texts = (("the left", "side"), ("left one", "side"), ("the right", "phrase"), ("the top", "absent"))
    assert entry.texts == texts
    words = entry.words((2, 3), 1)
    masks = [LEFT, LEFT, RIGHT, [[0] * 3] * 2]
    for number, (text, mask) in enumerate(zip(texts, masks, strict=True)):
        found = words.phrase(number)
        assert found[:2] == text and found[2].dtype == np.uint8
        np.testing.assert_array_equal(found[2], mask)


def test_drawing(entry):
    words = entry.words((2, 3), 1)
    texts, kinds, masks = words.draw(np.random.default_rng(0), 4)
    assert set(zip(texts, kinds, strict=True)) == set(entry.texts)
    assert masks.shape == (4, 2, 3) and masks.dtype == np.uint8
    expected = {"the left": LEFT, "left one": LEFT, "the right": RIGHT, "the top": [[0] * 3] * 2}
    for text, mask in zip(texts, masks, strict=True):
        np.testing.assert_array_equal(mask, expected[text])


def test_masks_are_read_when_they_are_drawn(entry):
    words = entry.words((2, 3), 1)
    assert words.nbytes == 0
    words.phrase(0)
    assert words.nbytes == 2  # of the window alone
    words.check()
    assert words.nbytes == 2 + 4


def test_turned_pictures(entry):
    words = entry.words((2, 3), 6)  # stored lying
    np.testing.assert_array_equal(words.phrase(0)[2], np.rot90(LEFT, -1))
    assert words.draw(np.random.default_rng(0), 2)[2].shape == (2, 3, 2)


def test_errors_name_the_phrase():
    bad = FilePhrase(("a",), MaskSpec(file=b"no picture"), where="a.jsonl:7")
    words = FileEntry("a.jsonl:1", "1.png", (bad,)).words((2, 3), 1)
    for read in (words.check, lambda: words.phrase(0), lambda: words.draw(np.random.default_rng(0), 1)):
        with pytest.raises(ValueError, match="^a.jsonl:7: An image must decode as PNG"):
            read()
