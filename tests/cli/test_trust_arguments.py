import argparse
import json

import pytest

from kmm.cli.main import main
from kmm.cli.trust_arguments import _names, add_trust_arguments


def test_defaults():
    parser = argparse.ArgumentParser()
    add_trust_arguments(parser)
    args = parser.parse_args([])
    assert (args.threshold, args.threshold_from, args.own_resolution, args.against) == (None, None, False, None)
    with pytest.raises(SystemExit):
        parser.parse_args(["--threshold", "0.4", "--threshold-from", "val"])


@pytest.mark.slow
def test_a_chosen_threshold_and_another_model(model_files, streets, tmp_path, capsys):
    output = tmp_path / "scores.json"
    data = ["--data", streets, "--split", "val", "--output", str(output), "--own-resolution"]
    words = ["evaluate", "--model", model_files["referring"], *data, "--against", model_files["image_only"]]
    assert main([*words, "--threshold-from", "train"]) == 0
    metrics, text = json.loads(output.read_text()), capsys.readouterr().out
    assert f"{model_files['referring']}: threshold {metrics['threshold']:.2f}, chosen on train (overall IoU 0." in text
    assert f"{model_files['image_only']}: threshold 0." in text
    against = metrics["against"]
    assert against["statement"] in text and "2 pictures could show" in text
    assert against["model"] == model_files["image_only"] and 0 < against["threshold"] < 1
    difference = metrics["overall_iou"] - against["models"]["image_only"]["score"]
    assert against["difference"] == pytest.approx(difference, abs=1e-6)
    assert main(["evaluate", "--model", model_files["referring"], *data, "--threshold", "0.9"]) == 0
    strict = json.loads(output.read_text())
    assert strict["threshold"] == 0.9 and strict["recall"] != metrics["recall"] and "against" not in strict


def test_names(tmp_path):
    assert _names("a.keras", "runs/b/model.keras") == ["a", "b"]
    assert _names("x/runs/model.keras", "y/runs/model.keras") == ["x/runs/model.keras", "y/runs/model.keras"]
    assert _names("a.keras", "a.keras") == ["a.keras (1)", "a.keras (2)"]


def test_errors(model_files, streets, tmp_path, fails):
    data = ["--data", streets, "--split", "val"]
    words = ["evaluate", "--model", model_files["referring"], *data]
    assert "not chosen on the pictures that are scored. Received: --threshold-from val --split val" in fails(
        *words, "--threshold-from", "val"
    )
    assert "never on those that are to be scored" in fails(*words, "--threshold-from", "test")
    assert "between 0 and 1. Received: threshold=1.5" in fails(*words, "--threshold", "1.5")
    assert "Only binary masks have a threshold" in fails(
        "evaluate", "--model", model_files["semantic"], *data, "--threshold-from", "train"
    )
    assert "--threshold 0.3 for the task 'semantic'" in fails(
        "evaluate", "--model", model_files["semantic"], *data, "--threshold", "0.3"
    )


def test_another_model_is_refused_before_scoring(model_files, streets, tmp_path, fails, monkeypatch):
    monkeypatch.setattr("kmm.evaluation.SampleCollector", None)
    words = ["evaluate", "--model", model_files["referring"], "--data", streets, "--split", "val", "--against"]
    assert "model file must exist" in fails(*words, tmp_path / "nowhere.keras")
    assert "on the same classes. Received: 1 of " in fails(*words, model_files["semantic"])


@pytest.mark.slow
def test_other_sizes(model_files, streets, tmp_path, fails):
    from kmm import decoders, encoders, heads, models

    larger = models.MultimodalModel(
        encoders.ConvImageEncoder((64, 32), widths=(4, 4)),
        decoders.FCNDecoder(filters=4, levels=("P2",)),
        {"segmentation_masks": heads.SegmentationHead(1)},
    )
    larger.save(tmp_path / "larger.keras")
    words = ["evaluate", "--model", model_files["image_only"], "--data", streets, "--split", "val"]
    words += ["--against", tmp_path / "larger.keras"]
    assert "on the same pixels. Received: pictures of (32, 32) for " in fails(*words)
    assert main([*map(str, words), "--own-resolution"]) == 0
