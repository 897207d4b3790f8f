import numpy as np
import pytest
from PIL import Image

from kmm.visualization import overlay_mask, plot_gallery
from kmm.visualization.plot_gallery import PREDICTION_COLOR, TRUTH_COLOR


def make_row(height=24, width=24, prompt="the red square", num_classes=1, **more):
    random = np.random.default_rng(height)
    image = random.integers(0, 256, (height, width, 3), "uint8")
    truth, prediction = np.zeros((2, height, width), "uint8")
    truth[4:12, 4:12] = prediction[6:14, 4:12] = num_classes - 1 or 1
    truth[0] = 255
    return {"image": image, "prompt": prompt, "truth": truth, "prediction": prediction, **more}


def size_of(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


def colors_in(path):
    with Image.open(path) as picture:
        return {color for _, color in picture.convert("RGB").getcolors(2**24)}


def test_both_masks_are_drawn(tmp_path):
    plot_gallery([make_row(iou=0.5)], tmp_path / "gallery.png")
    assert {TRUTH_COLOR, PREDICTION_COLOR} <= colors_in(tmp_path / "gallery.png")


def test_rows_stand_in_two_columns(tmp_path):
    for count in (1, 2, 3, 4):
        plot_gallery([make_row()] * count, tmp_path / f"{count}.png")
    sizes = {count: size_of(tmp_path / f"{count}.png") for count in (1, 2, 3, 4)}
    assert sizes[1][0] == sizes[2][0] and sizes[3] == sizes[4]
    assert sizes[3][0] > 1.8 * sizes[1][0] and sizes[2][1] > 1.5 * sizes[1][1]


def test_long_descriptions_are_wrapped(tmp_path):
    plot_gallery([make_row()], tmp_path / "short.png")
    plot_gallery([make_row(prompt="a street with many words " * 20)], tmp_path / "long.png")
    short, long = size_of(tmp_path / "short.png"), size_of(tmp_path / "long.png")
    assert short[0] == long[0] and long[1] > short[1] + 50


def test_sizes_words_and_classes_of_all_kinds(tmp_path):
    names = tuple(f"class number {number}" for number in range(25))
    rows = [
        make_row(24, 40, "", 3),
        make_row(500, 300, "100 $ or 5 $?", 25, iou=float("nan")),
        make_row(16, 16, "猫", 2),
    ]
    plot_gallery(rows[:2], tmp_path / "plain.png", names[:1] * 25)
    plot_gallery(rows[:2], tmp_path / "gallery.png", names)
    assert size_of(tmp_path / "gallery.png")[1] > size_of(tmp_path / "plain.png")[1] - 1
    with pytest.warns(UserWarning, match="missing from font"):
        plot_gallery(rows[2:], tmp_path / "gallery.png")


def test_it_is_the_overlay_that_is_shown(tmp_path):
    row = make_row(400, 400, num_classes=3)
    plot_gallery([row], tmp_path / "gallery.png", ("a", "b", "c"))
    overlay = overlay_mask(row["image"], row["prediction"], ("a", "b", "c"))
    outline = tuple(overlay[6, 4].tolist())
    assert any(np.abs(np.subtract(color, outline)).max() < 40 for color in colors_in(tmp_path / "gallery.png"))


def test_errors(tmp_path):
    with pytest.raises(ValueError, match=r"at least one row. Received: rows=\[\]"):
        plot_gallery([], tmp_path / "gallery.png")
    with pytest.raises(ValueError, match="height and width of its RGB picture"):
        plot_gallery([{**make_row(), "truth": np.zeros((3, 3))}], tmp_path / "gallery.png")
    assert not list(tmp_path.iterdir())
