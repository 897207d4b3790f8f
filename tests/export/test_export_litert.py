import json

import pytest

from kmm.export.export_litert import export_litert


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
