import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_word_importance

MASK = np.zeros((20, 30), np.uint8)
MASK[5:10, 5:20] = 1
WORDS = [
    {"word": word, "change": change, "mask": 0 * MASK} for word, change in (("the", 0.0), ("$cup$", 0.5), ("on", 1.0))
]
ROW = {"image": np.full((20, 30, 3), 90, np.uint8), "mask": MASK, "words": WORDS}


def drawn(tmp_path, rows, **options):
    plot_word_importance(rows, tmp_path / "words.png", **options)
    with Image.open(tmp_path / "words.png") as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_what_is_drawn(tmp_path):
    whole = drawn(tmp_path, [ROW])
    changed = [{**WORDS[0], "change": 0.3}, *WORDS[1:]]
    for row in ({**ROW, "words": changed}, {**ROW, "mask": 1 - MASK}, {**ROW, "image": ROW["image"] + 9}):
        assert (drawn(tmp_path, [row]) != whole).any()
    assert (whole == (255, 130, 0)).all(axis=-1).any(), "the outline of the answer"
    assert drawn(tmp_path, [ROW, ROW]).shape[0] > 1.7 * whole.shape[0]


def test_long_prompts_are_wrapped(tmp_path):
    high, low = drawn(tmp_path, [{**ROW, "words": WORDS * 12}]), drawn(tmp_path, [ROW])
    assert high.shape[0] > low.shape[0] + 30 and high.shape[1] == low.shape[1]


def test_classes_are_drawn_in_their_colors(tmp_path):
    assert (drawn(tmp_path, [ROW], class_names=("sky", "road")) != drawn(tmp_path, [ROW])).any()


def test_one_word(tmp_path):
    assert drawn(tmp_path, [{**ROW, "words": WORDS[:1]}]).shape[0] > 100


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match=r"at least one row. Received: rows=\[\]"):
        plot_word_importance([], tmp_path / "words.png")
