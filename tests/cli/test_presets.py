from kmm import models
from kmm.cli.main import main
from kmm.models import preset_figures as figures_module
from kmm.training import measure_presets as module

FIGURES = {"parameters": 1234567, "training_images_per_second": 114.9, "latency_ms": 7.1}


def test_every_preset_is_listed(capsys, monkeypatch):
    monkeypatch.setattr(figures_module, "preset_figures", {"shapes": FIGURES})
    assert main(["presets"]) == 0
    text = capsys.readouterr().out
    for name, preset in models.presets.items():
        assert f"{name} " in text and preset["description"] in text
    assert "96 x 96 pixels, 8 epochs, 1,234,567 parameters, 115 training images/s, 7 ms to serve one" in text


def test_measured_here(capsys, monkeypatch):
    def measure_presets(failed):
        failed("vgg16_bert", ImportError("pip install"))
        return {"classic_fcn": FIGURES}

    monkeypatch.setattr(module, "measure_presets", measure_presets)
    assert main(["presets", "--measure"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("training images/s") == 1 and "vgg16_bert: not measured (pip install)" in captured.err
