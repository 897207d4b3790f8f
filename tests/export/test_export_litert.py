import json
import sys

import numpy as np
import pytest

from kmm.export.export_litert import export_litert, open_litert


def test_answers_as_keras_does_with_any_batch(make_model, tmp_path):
    pytest.importorskip("ai_edge_litert")
    model = make_model(3)
    path = export_litert(model, tmp_path / "model.tflite", class_names=("road", "car", "sky"))
    found = json.loads((tmp_path / "model.tflite.json").read_text())["compared_with_keras"]
    assert found["equal_pixels"] >= 0.999 and found["max_difference"] < 1e-4
    run = open_litert(path, num_threads=1)
    images = np.random.default_rng(0).uniform(0, 255, (3, 16, 24, 3)).astype("float32")
    words = model.prompt_tokenizer(["the red car", "car", ""])
    expected = model.predict_on_batch({"images": images, **words})
    assert np.abs(expected[0] - expected[1]).max() > 0.1, "the words must matter"
    inputs = {"images": images, **{name: np.asarray(value) for name, value in words.items()}}
    inputs["padding_mask"] = inputs["padding_mask"].astype("uint8")
    for rows in (slice(0, 3), slice(1, 2), slice(0, 2)):
        answer = run({name: value[rows] for name, value in inputs.items()})
        np.testing.assert_allclose(answer["logits"], expected[rows], atol=1e-4 * np.abs(expected).max())


def test_without_its_package(make_model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[litert\]"'):
        export_litert(make_model(1), tmp_path / "model.tflite")
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[litert\]"'):
        open_litert(tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_dynamic_quantization_says_how_much_it_costs(make_model, tmp_path):
    pytest.importorskip("ai_edge_litert")
    model = make_model(1)
    export_litert(model, tmp_path / "small.tflite", quantize="dynamic", min_equal=0.9)
    about = json.loads((tmp_path / "small.tflite.json").read_text())
    assert about["quantize"] == "dynamic" and about["compared_with_keras"]["equal_pixels"] >= 0.9
    with pytest.raises(RuntimeError, match="must answer as the Keras model does"):
        export_litert(model, tmp_path / "strict.tflite", quantize="dynamic", min_equal=1.1)
    assert not (tmp_path / "strict.tflite").exists()


def test_unknown_quantization(make_model, tmp_path):
    with pytest.raises(ValueError, match=r"one of \('none', 'dynamic'\). Received: quantize='int4'"):
        export_litert(make_model(1), tmp_path / "model.tflite", quantize="int4")
