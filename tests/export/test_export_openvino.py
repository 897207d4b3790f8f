import json
import sys

import numpy as np
import pytest

from kmm.export.export_openvino import export_openvino, open_openvino


@pytest.mark.slow
def test_answers_as_keras_does_with_any_batch(make_model, tmp_path):
    pytest.importorskip("openvino")
    model = make_model(3)
    path = export_openvino(model, tmp_path / "model.xml", class_names=("road", "car", "sky"))
    found = json.loads((tmp_path / "model.xml.json").read_text())["compared_with_keras"]
    assert found["equal_pixels"] >= 0.999 and found["max_difference"] < 1e-4
    run = open_openvino(path, num_threads=1)
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
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[openvino\]"'):
        export_openvino(make_model(1), tmp_path / "model.xml")
    with pytest.raises(ImportError, match=r'Run: pip install "kmm\[openvino\]"'):
        open_openvino(tmp_path / "model.xml")
    assert not list(tmp_path.iterdir())
