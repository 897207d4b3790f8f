import json
import shutil

import tensorflow as tf

from kmm.cli.main import main


def test_export(model_files, tmp_path, capsys):
    assert main(["export", "--model", model_files["referring"], "--output", str(tmp_path / "served")]) == 0
    text = capsys.readouterr().out
    assert f"written: {tmp_path / 'served' / '1'}\n" in text
    assert "serving_default:\n  input image_bytes: string (batch)\n  input prompt: string (batch)\n" in text
    assert "  output mask: uint8 (batch, 32, 32)\n" in text and "  output score: float32 (batch)\n" in text
    assert "verified in a server's session: 100.00% of the pixels equal, 4 warm-up requests answered\n" in text
    assert "serving_default" in tf.saved_model.load(str(tmp_path / "served" / "1")).signatures


def test_scores_beside_the_model_reach_the_card(model_files, tmp_path):
    model = shutil.copy(model_files["referring"], tmp_path)
    (tmp_path / "metrics.json").write_text('{"overall_iou": 0.5}')
    options = ["--compute-dtype", "bfloat16", "--threshold", "0.4", "--no-verify"]
    assert main(["export", "--model", model, "--output", str(tmp_path / "served"), *options]) == 0
    card = json.loads((tmp_path / "served/1/assets.extra/model_card.json").read_text())
    assert card["metrics"] == {"overall_iou": 0.5} and card["verified"] is None
    assert card["compute_dtype"] == "bfloat16" and card["threshold"] == 0.4


def test_other_formats(model_files, tmp_path, fails, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr("kmm.export.export_onnx", lambda model, path, class_names: asked.update(path=path) or path)
    path = tmp_path / "model.onnx"
    assert main(["export", "--model", model_files["referring"], "--format", "onnx", "--output", str(path)]) == 0
    assert asked == {"path": path} and capsys.readouterr().out == f"written: {path}\n"
    given = ("export", "--model", model_files["referring"], "--format", "onnx", "--output")
    assert "must end in .onnx" in fails(*given, tmp_path / "model.bin")
    assert "gives logits in float32, without a threshold" in fails(*given, path, "--threshold", "0.3")


def test_errors(tmp_path, fails):
    message = fails("export", "--model", tmp_path / "nowhere.keras", "--output", tmp_path / "served")
    assert "model file must exist" in message and not (tmp_path / "served").exists()
