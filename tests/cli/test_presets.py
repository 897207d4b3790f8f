import re

from kmm import models
from kmm.cli.main import main


def test_every_preset_is_listed(capsys):
    assert main(["presets"]) == 0
    text = capsys.readouterr().out
    for name, preset in models.presets.items():
        assert f"{name} " in text and preset["description"] in text
    assert "96 x 96 pixels" in text and "parameters" not in text


def test_parameters(capsys):
    assert main(["presets", "--parameters"]) == 0
    counts = [int(count.replace(",", "")) for count in re.findall(r"([\d,]+) parameters", capsys.readouterr().out)]
    assert len(counts) == len(models.presets) and min(counts) > 10_000
