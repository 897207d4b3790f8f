import json
import sys

import numpy as np
import pytest

from kmm.export.export_onnx import export_onnx, open_onnx


def test_answers_as_keras_does_with_any_batch(make_model, tmp_path):
    pytest.importorskip("tf2onnx")
    model = make_model(3)
    path = export_onnx(model, tmp_path / "model.onnx", class_names=("road", "car", "sky"))
    found = json.loads((tmp_path / "model.onnx.json").read_text())["compared_with_keras"]
    assert found["equal_pixels"] >= 0.999 and found["max_difference"] < 1e-4
    run = open_onnx(path, num_threads=1)
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
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[onnx\]"'):
        export_onnx(make_model(1), tmp_path / "model.onnx")
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[onnx\]"'):
        open_onnx(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
