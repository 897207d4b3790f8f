import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from kmm.export import SavedModelSession, check_saved_model, export_saved_model
from kmm.export.warm_up import WARM_UP_FILE
from kmm.layers import LinearDecision
from kmm.models import DecisionFusion, referring_segmenter
from kmm.preprocessing import WordPieceTokenizer


def test_what_answers_something_else_is_not_kept(make_model, tmp_path, monkeypatch):
    model = make_model(1)
    save = tf.saved_model.save

    def save_then_change(*args, **options):
        save(*args, **options)
        model.get_layer("logits").bias.assign([100.0])  # Keras now answers what the written folder does not

    monkeypatch.setattr(tf.saved_model, "save", save_then_change)
    with pytest.raises(RuntimeError, match="was not kept. Received: ValueError: Logits must differ by at most"):
        export_saved_model(model, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["ReadFile", "EagerPyFunc"])
def test_operations_that_a_server_must_not_run(tmp_path, name):
    def answer(image_bytes):
        read = {"ReadFile": tf.io.read_file, "EagerPyFunc": lambda x: tf.py_function(tf.identity, [x], tf.string)}[name]
        return {"status": read(image_bytes[0])[None]}

    spec = [tf.TensorSpec((None,), "string", name="image_bytes")]
    module = tf.Module()
    module.answer = tf.function(answer, input_signature=spec, autograph=False)
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.answer})
    with SavedModelSession(tmp_path) as session, pytest.raises(ValueError, match=f"does not run these.*{name}"):
        check_saved_model.check_operations(session)


@pytest.mark.slow
def test_the_process_knows_tensorflow_alone(tmp_path):
    folder = pathlib.Path(check_saved_model.__file__).parent
    program = f"""
import runpy, sys
sys.path.insert(0, {str(folder)!r})
sys.argv = ["check_saved_model.py", "missing", "missing.npz"]
try:
    runpy.run_path({check_saved_model.__file__!r}, run_name="__main__")
except SystemExit as error:
    print(error)
assert sys.modules["keras"] is None and sys.modules["kmm"] is None and "tensorflow" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "FileNotFoundError" in done.stdout


def test_verified_export(make_model, tmp_path):
    path = export_saved_model(make_model(3), tmp_path, class_names=["sky", "road", "car"], metrics={"mean_iou": 0.5})
    with SavedModelSession(path) as session:
        assert check_saved_model.replay(session, path / WARM_UP_FILE) == 2
    card = json.loads((path / "assets.extra/model_card.json").read_text())
    assert card["verified"]["equal_pixels"] >= 0.999 and card["verified"]["warm_up_requests"] == 2


@pytest.mark.slow
def test_the_official_scan_finds_nothing(make_model, tmp_path):
    path = export_saved_model(make_model(1), tmp_path)
    cli = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli"]
    done = subprocess.run([*cli, "scan", "--dir", str(path), "--tag_set", "serve"], capture_output=True, text=True)
    assert "does not contain the default denylisted ops" in done.stdout, done.stdout + done.stderr


def test_a_diverged_model_is_not_exported(make_model, tmp_path):
    model = make_model(1)
    model.get_layer("logits").bias.assign([np.nan])
    with pytest.raises(RuntimeError, match="logits must be finite numbers"):
        export_saved_model(model, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_bfloat16_is_verified(make_model, tmp_path):
    path = export_saved_model(make_model(3), tmp_path, compute_dtype="bfloat16")
    verified = json.loads((path / "assets.extra/model_card.json").read_text())["verified"]
    assert verified["equal_pixels"] >= 0.995 and verified["largest_difference"] < 0.2


@pytest.mark.slow
def test_several_models_and_word_pieces_are_verified(tmp_path):
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "red", "car"], sequence_length=6)
    models = {name: referring_segmenter((32, 32), tokenizer) for name in ("first", "second")}
    for number, model in enumerate((models["first"], DecisionFusion(models, LinearDecision()))):
        path = export_saved_model(model, tmp_path / str(number))
        assert json.loads((path / "assets.extra/model_card.json").read_text())["verified"]["equal_pixels"] >= 0.995
