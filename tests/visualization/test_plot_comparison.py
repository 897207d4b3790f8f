import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_comparison

ROW = {"variant": "A", "score": 0.5, "scores": [0.4, 0.6], "shuffled": 0.1, "parameters": 9000, "latency_ms": 3.0}
ROWS = [ROW, {**ROW, "variant": "B", "score": 0.7, "scores": [0.7], "latency_ms": 40.0}]


def drawn(tmp_path, rows, **options):
    plot_comparison(rows, tmp_path / "comparison.png", **options)
    with Image.open(tmp_path / "comparison.png") as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


@pytest.mark.slow
def test_what_is_drawn(tmp_path):
    whole = drawn(tmp_path, ROWS)
    for changed in ({"scores": [0.45, 0.6]}, {"shuffled": 0.2}, {"latency_ms": 9.0}):
        assert (drawn(tmp_path, [{**ROW, **changed}, ROWS[1]]) != whole).any(), changed
    np.testing.assert_array_equal(drawn(tmp_path, ROWS[::-1]), whole, err_msg="ranks decide on the order")


def test_failed_variants_are_left_out(tmp_path):
    failed = {**ROW, "variant": "bad", "score": None, "scores": [], "parameters": None}
    np.testing.assert_array_equal(drawn(tmp_path, [*ROWS, failed]), drawn(tmp_path, ROWS))


def test_parameters_where_a_latency_is_missing(tmp_path):
    rows = [ROW, {**ROWS[1], "latency_ms": None}]
    one, other = drawn(tmp_path, rows), drawn(tmp_path, [{**ROW, "latency_ms": 99.0}, rows[1]])
    np.testing.assert_array_equal(one, other)


def test_one_run_without_other_words(tmp_path):
    assert drawn(tmp_path, [{**ROW, "scores": [0.5], "shuffled": None}]).shape[0] > 100


@pytest.mark.parametrize("rows", [[], [{**ROW, "score": None}]])
def test_nothing_to_draw(tmp_path, rows):
    with pytest.raises(ValueError, match=f"at least one variant with a score. Received: {len(rows)} rows"):
        plot_comparison(rows, tmp_path / "comparison.png")
