import pytest

from kmm.models import presets
from kmm.models.preset_figures import preset_figures
from kmm.training.measure_presets import example_model

NEEDS = {"vgg16_bert": "keras_hub"}
"""Packages that a preset cannot be built without."""


def test_every_preset_has_its_figures():
    assert set(preset_figures) == set(presets), "run python tests/benchmarks/measure_presets.py"
    for figures in preset_figures.values():
        assert set(figures) == {"parameters", "training_images_per_second", "latency_ms"}
        assert min(figures.values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", presets)
def test_parameters_are_those_of_the_model(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    built = example_model(name).count_params()
    assert preset_figures[name]["parameters"] == built, "run python tests/benchmarks/measure_presets.py"
