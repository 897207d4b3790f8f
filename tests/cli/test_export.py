import tensorflow as tf

from kmm.cli.main import main


def test_export(model_files, tmp_path, capsys):
    assert main(["export", "--model", model_files["referring"], "--output", str(tmp_path / "served")]) == 0
    text = capsys.readouterr().out
    assert f"written: {tmp_path / 'served' / '1'}\n" in text
    assert "  image_bytes: string (batch)\n  prompt: string (batch)\n" in text
    assert "  mask: uint8 (batch, 32, 32)\n" in text and "  score: float32 (batch)\n" in text
    assert "serving_default" in tf.saved_model.load(str(tmp_path / "served" / "1")).signatures


def test_errors(tmp_path, fails):
    message = fails("export", "--model", tmp_path / "nowhere.keras", "--output", tmp_path / "served")
    assert "model file must exist" in message and not (tmp_path / "served").exists()
