import importlib.util
import pathlib

import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "notebooks" / "classic_example.py"


@pytest.fixture(scope="module")
def classic():
    spec = importlib.util.spec_from_file_location("classic_example", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_branches_meet_in_shape(classic):
    model = classic.build_full_model()
    assert model.input["images"].shape == (None, 224, 224, 3)
    assert model.output_shape == (None, 224, 224, 21)


@pytest.mark.slow
def test_trains(classic, capsys):
    history = classic.main(image_size=(32, 48), num_classes=5, count=16, epochs=2).history
    assert np.isfinite(history["loss"]).all() and history["loss"][-1] < history["loss"][0]
    assert "Total params" in capsys.readouterr().out


def test_sentences_tell_the_class(classic):
    _, prompts, masks = classic.draw_examples(20, (32, 48), 5)
    for prompt, mask in zip(prompts, masks, strict=True):
        rows, columns = np.nonzero(mask)
        assert prompt == f"class {mask[rows[0], columns[0]]} on the {'left' if columns.max() < 24 else 'right'}"
