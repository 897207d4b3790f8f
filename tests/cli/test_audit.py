import json

import pytest
from PIL import Image

from kmm import models
from kmm.cli.main import main
from kmm.preprocessing import PromptTokenizer


@pytest.mark.slow
def test_shapes(model_files, tmp_path, capsys):
    output = tmp_path / "new" / "audit"
    words = ["audit", "--model", model_files["referring"], "--data", "shapes", "--limit", "2"]
    assert main([*words, "--output", str(output)]) == 0
    audit = json.loads((output / "audit.json").read_text())
    assert audit["num_pictures"] == 2 and audit["conditions"]["word_dropped"]["num_samples"] > 6
    text = capsys.readouterr().out
    assert "another picture's prompts" in text and audit["verdicts"]["text"]["sentence"][:40] in text
    assert f"written: audit.json, audit.png, words.png in {output}" in text
    assert {path.name for path in output.iterdir()} == {"audit.json", "audit.png", "words.png"}
    for name in ("audit.png", "words.png"):
        with Image.open(output / name) as picture:
            assert min(picture.size) > 200


@pytest.mark.slow
def test_attention_is_drawn_where_there_is_some(tmp_path):
    tokenizer = PromptTokenizer(["the", "red"], sequence_length=6)
    parts = {"widths": (4, 4), "blocks": 0, "text_units": 4, "fusion_filters": 8, "fusion": "CrossAttentionFusion"}
    models.referring_segmenter((32, 32), tokenizer, **parts).save(tmp_path / "model.keras")
    words = ["audit", "--model", str(tmp_path / "model.keras"), "--data", "shapes", "--limit", "2", "--word-limit", "0"]
    assert main([*words, "--output", str(tmp_path)]) == 0
    with Image.open(tmp_path / "attention.png") as picture:
        assert min(picture.size) > 200


def test_a_model_of_images_alone(model_files, tmp_path, capsys):
    words = ["audit", "--model", model_files["image_only"], "--data", "shapes", "--limit", "2"]
    assert main([*words, "--output", str(tmp_path)]) == 0
    assert "The model reads no words" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"audit.json", "audit.png"}


def test_errors(model_files, tmp_path, fails):
    on_shapes = ("audit", "--data", "shapes", "--output", tmp_path)
    assert "at least one picture" in fails(*on_shapes, "--model", model_files["referring"], "--limit", "0")
    assert "model file must exist" in fails(*on_shapes, "--model", tmp_path / "nowhere.keras")
    assert "must not be a file" in fails(
        *on_shapes[:3], "--model", model_files["referring"], "--output", model_files["referring"]
    )
    assert "word_limit=-1" in fails(*on_shapes, "--model", model_files["referring"], "--word-limit", "-1")
