import importlib

import pytest
from matplotlib.figure import Figure
from PIL import Image

from kmm.serving.load.load_report import load_report
from kmm.serving.load.plot_load import BLUE, RED, plot_load


def drawn_colors(path):
    with Image.open(path) as picture:
        return {color for _, color in picture.convert("RGB").getcolors(1 << 20)}


def rgb(color):
    return tuple(bytes.fromhex(color[1:]))


@pytest.mark.parametrize("answers", [["OK"] * 3, ["OK", "UNAVAILABLE", "OK"], ["UNAVAILABLE"] * 2])
def test_answers_are_blue_and_errors_red(tmp_path, answers):
    samples = [{"start": 0.1 * i, "latency": 0.01 * (i + 1), "answer": answer} for i, answer in enumerate(answers)]
    plot_load(load_report(samples), tmp_path / "load.png", title="a load")
    colors = drawn_colors(tmp_path / "load.png")
    assert (rgb(BLUE) in colors) == ("OK" in answers)  # the curve of the second panel
    reds = [color for color in colors if color[0] > color[1] + 60 and color[0] > color[2] + 60]
    assert bool(reds) == ("UNAVAILABLE" in answers), RED


def test_of_many_requests_some_are_drawn(monkeypatch):
    module = importlib.import_module("kmm.serving.load.plot_load")  # the package has a function of that name
    monkeypatch.setattr(module, "MOST_POINTS", 5)
    samples = [{"start": 0.1 * i, "latency": 0.02, "answer": "OK"} for i in range(23)]
    axes = Figure().subplots()
    module._draw_over_time(axes, load_report(samples))
    assert list(axes.lines[0].get_xdata()) == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
