import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_attention

MAPS = np.random.default_rng(0).dirichlet(np.ones(3), (4, 6)).astype("float32")
ROW = {
    "image": np.full((20, 30, 3), 90, np.uint8),
    "prompt": "a $ cup",
    "words": ("a", "$", "cup"),
    "maps": {"P2": MAPS},
}


def drawn(tmp_path, rows):
    plot_attention(rows, tmp_path / "attention.png")
    with Image.open(tmp_path / "attention.png") as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_what_is_drawn(tmp_path):
    whole = drawn(tmp_path, [ROW])
    for changed in ({"maps": {"P2": MAPS[::-1]}}, {"words": ("a", "$", "jug")}, {"prompt": "other"}):
        assert (drawn(tmp_path, [{**ROW, **changed}]) != whole).any(), changed


def test_levels_and_many_words_stand_below(tmp_path):
    one = drawn(tmp_path, [ROW])
    two = drawn(tmp_path, [{**ROW, "maps": {"P2": MAPS, "P3": MAPS[::2, ::2]}}])
    assert two.shape[0] > 1.7 * one.shape[0] and two.shape[1] == one.shape[1]
    many = {**ROW, "words": tuple("abcdefghijkl"), "maps": {"P2": np.tile(MAPS, 4)}}
    wide = drawn(tmp_path, [many])
    assert wide.shape[0] > 1.5 * one.shape[0] and wide.shape[1] < 2.2 * one.shape[1]


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match=r"at least one row. Received: rows=\[\]"):
        plot_attention([], tmp_path / "attention.png")
