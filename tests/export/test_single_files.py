"""What the exports to single files have in common."""

import importlib
import json
import sys

import numpy as np
import pytest

FORMATS = {"litert": (".tflite", "ai_edge_litert"), "onnx": (".onnx", "tf2onnx"), "openvino": (".xml", "openvino")}
SOME_ARE_SLOW = ["litert", "onnx", pytest.param("openvino", marks=pytest.mark.slow)]


def functions_of(name):
    """The functions that write and that open a file of a format."""
    module = importlib.import_module(f"kmm.export.export_{name}")
    return getattr(module, f"export_{name}"), getattr(module, f"open_{name}")


@pytest.mark.parametrize("name", SOME_ARE_SLOW)
def test_answers_as_keras_does_with_any_batch(make_model, tmp_path, name):
    (suffix, package), (export, open_file) = FORMATS[name], functions_of(name)
    pytest.importorskip(package)
    model = make_model(3)
    path = export(model, tmp_path / f"model{suffix}", class_names=("road", "car", "sky"))
    found = json.loads((tmp_path / f"model{suffix}.json").read_text())["compared_with_keras"]
    assert found["equal_pixels"] >= 0.999 and found["max_difference"] < 1e-4
    run = open_file(path, num_threads=1)
    images = np.random.default_rng(0).uniform(0, 255, (3, 16, 24, 3)).astype("float32")
    words = model.prompt_tokenizer(["the red car", "car", ""])
    expected = model.predict_on_batch({"images": images, **words})
    assert np.abs(expected[0] - expected[1]).max() > 0.1, "the words must matter"
    inputs = {"images": images, **{name: np.asarray(value) for name, value in words.items()}}
    inputs["padding_mask"] = inputs["padding_mask"].astype("uint8")
    for rows in (slice(0, 3), slice(1, 2), slice(0, 2)):
        answer = run({name: value[rows] for name, value in inputs.items()})
        np.testing.assert_allclose(answer["logits"], expected[rows], atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", FORMATS)
def test_without_its_package(make_model, tmp_path, monkeypatch, name):
    (suffix, package), (export, open_file) = FORMATS[name], functions_of(name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf'Run: pip install "kmm\[{name}\]"'):
        export(make_model(1), tmp_path / f"model{suffix}")
    with pytest.raises(ImportError, match=rf'Run: pip install "kmm\[{name}\]"'):
        open_file(tmp_path / f"model{suffix}")
    assert not list(tmp_path.iterdir())
