import json
import pathlib

import pytest

from kmm import data, training
from kmm.cli.main import main
from kmm.training.precision import PRECISIONS

SCORES = {"overall_iou": 0.75, "num_samples": 6, "shuffled_prompts": {"overall_iou": 0.25}}


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Keeps what `train_run` is asked to do, in place of doing it."""
    calls = []

    def train_run(**arguments):
        calls.append(arguments)
        arguments["output"].mkdir(parents=True)
        (arguments["output"] / "model.keras").touch()
        return SCORES

    monkeypatch.setattr(training, "train_run", train_run)
    monkeypatch.chdir(tmp_path)
    return calls


def test_without_arguments(calls, capsys):
    assert main(["train"]) == 0
    arguments = calls[0]
    assert isinstance(arguments["source"], data.ShapesSource)
    assert arguments["source"].image_size == arguments["image_size"] == (96, 96)
    assert arguments["preset"] == "shapes" and arguments["output"] == pathlib.Path("runs/shapes-referring")
    assert [arguments[name] for name in ("epochs", "batch_size", "learning_rate")] == [None] * 3, "the preset's own"
    assert (arguments["precision"], arguments["seed"], arguments["parts"]) == ("auto", 0, {})
    assert (arguments["overwrite"], arguments["resume"], arguments["export"]) == (False, False, True)
    text = capsys.readouterr().out
    assert "0.750          0.250" in text and "In runs/shapes-referring:\n  model.keras\n" in text


def test_every_option_arrives(calls, streets, tmp_path):
    words = f"train --data {streets} --classes {streets}/classes.json --task referring --preset referring"
    words += f" --output {tmp_path}/run --epochs 3 --batch-size 2 --image-size 64 96 --learning-rate 0.5"
    words += " --learning-rate-factor image_encoder=0.1 text_encoder=0"
    words += " --fusion FiLMFusion --fusion-levels P3 P4 --loss BinaryDice --class-weights none"
    words += " --precision bfloat16 --seed 7 --overwrite --resume --no-export"
    assert main(words.split()) == 0
    arguments = calls[0]
    source = arguments.pop("source")
    assert (source.name, source.task) == ("streets", "referring")
    assert arguments == {
        "output": tmp_path / "run",
        "preset": "referring",
        "epochs": 3,
        "batch_size": 2,
        "image_size": (64, 96),
        "learning_rate": 0.5,
        "learning_rate_factors": {"image_encoder": 0.1, "text_encoder": 0.0},
        "precision": "bfloat16",
        "seed": 7,
        "parts": {"fusion": "FiLMFusion", "fusion_levels": ["P3", "P4"]},
        "origin": {"data": str(streets), "task": "referring", "classes": f"{streets}/classes.json"},
        "loss": "BinaryDice",
        "class_weights": "none",
        "overwrite": True,
        "resume": True,
        "export": False,
    }


def test_a_folder_is_semantic_by_default(calls, streets):
    assert main(["train", "--data", streets]) == 0
    assert calls[0]["source"].task == calls[0]["preset"] == "semantic"
    assert calls[0]["output"] == pathlib.Path("runs/streets-semantic")


def test_another_preset_has_a_folder_of_its_own(calls, streets):
    assert main(["train", "--data", streets, "--preset", "semantic_image_only"]) == 0
    assert calls[0]["output"] == pathlib.Path("runs/streets-semantic_image_only")


def test_scenes_and_texts_are_the_same_under_every_seed(calls, streets):
    for data_words in ([], ["--data", streets]):
        assert main(["train", "--seed", "5", *data_words]) == 0
        arguments = calls.pop()
        assert arguments["source"].seed == 0 and arguments["seed"] == 5


def test_every_precision_can_be_chosen(calls):
    for precision in PRECISIONS:
        assert main(["train", "--precision", precision, "--output", precision]) == 0
    assert [arguments["precision"] for arguments in calls] == ["auto", "float32", "bfloat16"]


def test_errors(calls, fails, tmp_path):
    assert "'classic_fcn'" in fails("train", "--preset", "gpt"), "the known presets are listed"
    assert "data folder must exist" in fails("train", "--data", tmp_path / "nowhere")
    assert "have no classes" in fails("train", "--task", "semantic")
    assert "A factor is PART=NUMBER" in fails("train", "--learning-rate-factor", "image_encoder")
    assert not calls


@pytest.mark.slow
def test_whole_run(streets, tmp_path, fails):
    words = ["train", "--data", streets, "--epochs", "1", "--batch-size", "2", "--image-size", "32", "64"]
    words += ["--output", str(tmp_path / "run"), "--precision", "float32"]
    assert main(words) == 0
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"model.keras", "metrics.json", "history.csv", "predictions.png", "curves.png", "saved_model"} <= written
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["num_samples"] == 2 and set(metrics["class_iou"]) == {"sky", "car"}
    assert "--overwrite" in fails(*words)
