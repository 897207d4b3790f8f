import numpy as np
import pytest
from PIL import Image

from kmm.visualization import plot_calibration


def of_bin(place, frequency, share=0.25, interval=(0.0, 1.0)):
    low, high = place / 10, place / 10 + 0.1
    middle = (low + high) / 2
    return {
        "low": low, "high": high, "probability": middle, "frequency": frequency, "interval": interval, "share": share,
    }  # fmt: skip


RESULT = {
    "task": "referring",
    "expected_error": 0.05,
    "expected_error_interval": [0.04, 0.06],
    "maximum_error": 0.2,
    "bins": [of_bin(0, 0.05, 0.7), of_bin(5, 0.4), of_bin(9, 0.8)],
}


def drawn(tmp_path, result, **options):
    plot_calibration(result, tmp_path / "calibration.png", **options)
    with Image.open(tmp_path / "calibration.png") as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_what_is_drawn(tmp_path):
    whole = drawn(tmp_path, RESULT)
    for changed in (
        {"bins": [of_bin(0, 0.05, 0.7), of_bin(5, 0.5), of_bin(9, 0.8)]},
        {"task": "semantic", "expected_error_interval": None, "bins": [of_bin(0, 0.05, 0.6), *RESULT["bins"][1:]]},
        {"bins": [of_bin(0, 0.05, 0.7, (0.0, 0.5)), *RESULT["bins"][1:]]},
    ):
        assert (drawn(tmp_path, {**RESULT, **changed}) != whole).any(), changed
    assert drawn(tmp_path, RESULT, title="a set").shape == whole.shape


def test_empty_bins_are_left_out(tmp_path):
    empty = {**of_bin(3, None, 0.0, None), "probability": None}
    np.testing.assert_array_equal(
        drawn(tmp_path, {**RESULT, "bins": [empty, *RESULT["bins"]]}), drawn(tmp_path, RESULT)
    )


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="at least one bin with a pixel. Received: 0 bins without"):
        plot_calibration({**RESULT, "bins": []}, tmp_path / "calibration.png")
