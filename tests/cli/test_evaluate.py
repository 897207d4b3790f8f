import json

import pytest

from kmm.cli.main import main


def test_shapes(model_files, tmp_path, capsys):
    output = tmp_path / "new" / "scores.json"
    words = ["evaluate", "--model", model_files["referring"], "--data", "shapes", "--limit", "2", "--batch-size", "2"]
    assert main([*words, "--output", str(output)]) == 0
    metrics = json.loads(output.read_text())
    assert 0 <= metrics["boundary_f1"] <= 1, "as kmm.evaluation.evaluate gives it"
    assert metrics["num_samples"] == 12 and 0 <= metrics["shuffled_prompts"]["overall_iou"] <= 1
    text = capsys.readouterr().out
    assert f"{metrics['overall_iou']:.3f}" in text and f"written: {output}" in text
    assert main([*words, "--split", "val", "--seed", "1"]) == 0


@pytest.mark.parametrize("name", ["referring", "semantic"])
def test_the_task_is_the_models(name, model_files, streets, tmp_path):
    output = tmp_path / "scores.json"
    words = ["evaluate", "--model", model_files[name], "--data", streets, "--split", "val", "--output", str(output)]
    assert main(words) == 0
    assert ("class_iou" in json.loads(output.read_text())) == (name == "semantic")


@pytest.mark.slow
def test_errors(model_files, streets, tmp_path, fails):
    on_streets = ["--data", streets, "--split", "val"]
    assert "model file must exist" in fails("evaluate", "--model", tmp_path / "nowhere.keras", *on_streets)
    assert "must be a JSON file" in fails(
        "evaluate", "--model", model_files["semantic"], *on_streets, "--output", tmp_path
    )
    assert "one of ('train', 'val')" in fails(
        "evaluate", "--model", model_files["semantic"], "--data", streets, "--split", "test"
    )
    assert "must have the classes of the data" in fails(
        "evaluate", "--model", model_files["semantic"], *on_streets, "--task", "referring"
    )
    (tmp_path / "three.json").write_text('["sky", "car", "tree"]')
    assert "model.num_classes=2, and 3 in 'streets'" in fails(
        "evaluate", "--model", model_files["semantic"], *on_streets, "--classes", tmp_path / "three.json"
    )
    assert "at least one picture. Received: batch_size=0" in fails(
        "evaluate", "--model", model_files["semantic"], *on_streets, "--batch-size", "0"
    )
    assert "at least one picture" in fails("evaluate", "--model", model_files["semantic"], *on_streets, "--limit", "0")
    (tmp_path / "streets" / "val" / "images" / "1.png").write_bytes(b"damaged")
    assert "1.png" in fails("evaluate", "--model", model_files["semantic"], *on_streets)
