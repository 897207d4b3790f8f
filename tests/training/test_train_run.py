import contextlib
import csv
import gc
import json

import keras
import numpy as np
import pytest

import kmm
from kmm.data import Example, ShapesSource
from kmm.training import ResumableCheckpoint, train_run
from kmm.training.settings import make_settings

RUN = ["curves.png", "example.png", "history.csv", "metrics.json", "model.keras", "predictions.png", "saved_model"]
RUN += ["settings.json"]
SHAPES = ShapesSource((32, 32), num_train=12, num_val=4, num_test=4)
TRAINING = {"epochs": 2, "batch_size": 4, "learning_rate": 2e-3, "weight_decay": 1e-4}
PRESETS = {
    "tiny": {
        "description": "A phrase gives a mask.",
        "task": "referring",
        "builder": "referring_segmenter",
        "arguments": {
            "image_size": (16, 16), "widths": (4, 8), "blocks": 0, "text_units": 4, "fusion_filters": 8, "num_steps": 1,
            "decoder_filters": 4,
        },
        "training": {**TRAINING, "num_prompts": 2, "augmentations": {"RandomFlip": {"probability": 0.5}}},
    },
    "tiny_semantic": {
        "description": "A description gives classes.",
        "task": "semantic",
        "builder": "text_guided_segmenter",
        "arguments": {
            "image_size": (16, 16), "widths": (4, 4, 4), "blocks": 0, "text_units": 4, "fusion_filters": 8,
            "decoder_filters": 4,
        },
        "training": {
            **TRAINING, "num_prompts": None, "class_balance": 0.5,
            "augmentations": {"RandomZoom": {"smallest": 0.8, "largest": 1.2}, "RandomColor": {"strength": 0.2}},
        },
    },
}  # fmt: skip


class StreetSource:
    """Sky over road, brighter than it, with an ignored row between them."""

    name, task, class_names, splits = "streets", "semantic", ("sky", "road", "car"), ("train", "val")

    def __init__(self, broken=False):
        self.broken = broken

    def check(self):
        if self.broken:
            raise ValueError("photo.png does not decode")

    def num_examples(self, split):
        return 8 if split == "train" else 2

    def example(self, split, index, epoch=0, num_prompts=1):
        mask = np.repeat(np.repeat(np.array([0, 255, 1], np.uint8), (8, 1, 7))[:, None], 16, axis=1)
        mask[10:12, index : index + 2] = 2
        image = np.array([200, 90, 20], np.uint8)[np.minimum(mask, 2)][..., None].repeat(3, axis=-1)
        return Example(image, ("a street with a car",) * num_prompts, mask[None], ("description",))

    def prompts(self, split, limit=2000):
        return ["a street with a car"] * self.num_examples(split)


@pytest.fixture(autouse=True)
def tiny_presets(monkeypatch):
    for name, preset in PRESETS.items():
        monkeypatch.setitem(kmm.presets, name, preset)


@pytest.fixture
def train_only(monkeypatch):
    """Leave out scores, pictures and curves."""
    monkeypatch.setattr(kmm.evaluation, "evaluate", lambda *arguments, **options: {"overall_iou": 0.5})
    monkeypatch.setattr(kmm.evaluation, "gallery_rows", lambda *arguments, **options: [])
    monkeypatch.setattr(kmm.visualization, "plot_gallery", lambda *arguments, **options: None)
    monkeypatch.setattr(kmm.visualization, "plot_curves", lambda *arguments, **options: None)


def history(folder):
    with open(folder / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_referring_run_writes_everything(tmp_path):
    scores = train_run(SHAPES, tmp_path, preset="tiny", precision="float32")
    assert sorted(path.name for path in tmp_path.iterdir()) == RUN
    assert json.loads((tmp_path / "metrics.json").read_text()) == scores
    assert scores["split"] == "test" and 0 <= scores["overall_iou"] <= 1 and scores["training_seconds"] > 0
    settings = json.loads((tmp_path / "settings.json").read_text())
    expected = {"preset": "tiny", "data": "shapes", "task": "referring", "seed": 0, "image_size": [16, 16], "epochs": 2}
    assert settings.items() >= expected.items()
    rows = history(tmp_path)
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert all(np.isfinite(float(row["loss"])) and np.isfinite(float(row["val_loss"])) for row in rows)
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert model.count_params() == scores["parameters"] and model.prompt_tokenizer.vocabulary_size > 20
    assert (tmp_path / "saved_model" / "1" / "saved_model.pb").exists()


@pytest.mark.slow
def test_semantic_run_learns_and_scores_val(tmp_path):
    options = {"preset": "tiny_semantic", "epochs": 30, "learning_rate": 3e-2, "precision": "float32", "export": False}
    scores = train_run(StreetSource(), tmp_path, **options)
    assert scores["split"] == "val" and scores["pixel_accuracy"] > 0.8
    assert sorted(path.name for path in tmp_path.iterdir()) == [name for name in RUN if name != "saved_model"]
    assert keras.saving.load_model(tmp_path / "model.keras").num_classes == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # Keras' CSVLogger, when interrupted
def test_interrupted_run_ends_like_an_uninterrupted_one(tmp_path, monkeypatch, train_only):
    options = {"preset": "tiny", "precision": "float32", "export": False}
    train_run(SHAPES, tmp_path / "whole", **options)
    save = ResumableCheckpoint.on_epoch_end

    def save_and_die(checkpoint, epoch, logs=None):
        save(checkpoint, epoch, logs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ResumableCheckpoint, "on_epoch_end", save_and_die)
        train_run(SHAPES, tmp_path / "halves", **options)
    gc.collect()
    assert not (tmp_path / "halves" / "model.keras").exists()
    with pytest.raises(FileExistsError, match="checkpoints.*--resume"):
        train_run(SHAPES, tmp_path / "halves", **options)
    train_run(SHAPES, tmp_path / "halves", **options, resume=True)
    models = [keras.saving.load_model(tmp_path / name / "model.keras") for name in ("whole", "halves")]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert history(tmp_path / "halves")[-1]["epoch"] == history(tmp_path / "whole")[-1]["epoch"] == "1"
    assert not (tmp_path / "halves" / "checkpoints").exists()


@pytest.mark.slow
def test_other_parts(tmp_path, train_only):
    parts = {"prompt_tokenizer": None, "decoder": ("FCNDecoder", {"refinements": 0})}
    train_run(SHAPES, tmp_path, preset="tiny", epochs=1, precision="float32", parts=parts, export=False)
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert not model.fusions and model.decoder.refinements == 0
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["parts"] == {"prompt_tokenizer": None, "decoder": ["FCNDecoder", {"refinements": 0}]}


@pytest.mark.slow
def test_classic_preset_trains(tmp_path, train_only):
    train_run(StreetSource(), tmp_path, preset="classic_fcn", image_size=(16, 16), epochs=1, export=False)
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert model.name == "classic_fcn" and model.output_shape == (None, 16, 16, 3)


@pytest.mark.slow
def test_training_is_not_lost_when_the_model_cannot_be_saved(tmp_path, monkeypatch, train_only):
    """A full disk after the last epoch: the run goes on from its last checkpoint."""

    def fail(*arguments, **options):
        raise OSError("no space left on device")

    options = {"preset": "tiny", "epochs": 1, "precision": "float32", "export": False}
    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(kmm.models.MultimodalModel, "save", fail)
        train_run(SHAPES, tmp_path, **options)
    assert (tmp_path / "checkpoints").exists()
    epochs = []
    monkeypatch.setattr(ResumableCheckpoint, "on_epoch_end", lambda self, epoch, logs=None: epochs.append(epoch))
    train_run(SHAPES, tmp_path, **options, resume=True)
    assert (tmp_path / "model.keras").exists() and epochs == []


@pytest.mark.slow
def test_resuming_a_finished_run_does_not_train_it_again(tmp_path, train_only):
    options = {"preset": "tiny", "epochs": 1, "precision": "float32", "export": False}
    train_run(SHAPES, tmp_path, **options)
    before = history(tmp_path)
    with contextlib.suppress(FileNotFoundError):
        train_run(SHAPES, tmp_path, **options, resume=True)
    assert history(tmp_path) == before and len(before) == 1


@pytest.mark.parametrize(
    "options, message",
    [
        ({"preset": "tinny"}, "A preset is one of .*'tiny'.*Received: preset='tinny'"),
        ({"preset": "tiny_semantic"}, "The preset must suit the task. Received: preset='tiny_semantic'"),
        (
            {"preset": "classic_fcn", "image_size": (16, 16)},
            "must suit the task.*preset='classic_fcn' for task 'semantic', data for task 'referring'",
        ),
        ({"preset": "tiny", "image_size": (33, 32)}, r"multiples of 4.*nearest that fits is \(32, 32\)"),
        ({"preset": "tiny", "precision": "float16"}, "Received: precision='float16'"),
        ({"preset": "tiny", "epochs": 0}, "epochs must be positive. Received: epochs=0"),
        ({"preset": "tiny", "learning_rate": float("nan")}, "learning_rate must be positive"),
        ({"preset": "tiny", "parts": {"fusion": "NoFusion"}}, "A part of kmm.fusion is one of .*'NoFusion'"),
        ({"preset": "tiny", "batch_size": 13}, "Received: 12 examples in 'train', batch_size=13"),
    ],
)
def test_errors_come_before_anything_is_lost(tmp_path, options, message):
    (tmp_path / "model.keras").write_text("an earlier run")
    with pytest.raises(ValueError, match=message):
        train_run(SHAPES, tmp_path, overwrite=True, **options)
    assert (tmp_path / "model.keras").read_text() == "an earlier run"


def test_a_source_with_nothing_to_be_scored_on(tmp_path):
    source = StreetSource()
    source.splits = ("train",)
    with pytest.raises(ValueError, match=r"Training needs the split 'train', and 'val' or 'test'.*\('train',\)"):
        train_run(source, tmp_path, preset="tiny_semantic")


@pytest.mark.slow
def test_a_source_without_validation_pictures(tmp_path):
    source = StreetSource()
    source.splits = ("train", "test")
    metrics = train_run(source, tmp_path / "run", preset="tiny_semantic", epochs=1, export=False)
    assert metrics["split"] == "test"
    assert (tmp_path / "run" / "history.csv").read_text().endswith(",NA,NA,NA\n")  # nothing to watch
    assert (tmp_path / "run" / "curves.png").exists()


def test_preset_for_phrases_does_not_suit_classes(tmp_path):
    with pytest.raises(ValueError, match="preset='tiny' for task 'referring', data for task 'semantic'"):
        train_run(StreetSource(), tmp_path, preset="tiny")


def test_unsound_data_is_found_before_anything_is_lost(tmp_path):
    (tmp_path / "model.keras").write_text("an earlier run")
    with pytest.raises(ValueError, match="photo.png does not decode"):
        train_run(StreetSource(broken=True), tmp_path, preset="tiny_semantic", overwrite=True)
    assert (tmp_path / "model.keras").exists()


def test_refuses_a_folder_that_holds_a_run(tmp_path):
    (tmp_path / "model.keras").write_text("an earlier run")
    with pytest.raises(FileExistsError, match="which holds model.keras"):
        train_run(SHAPES, tmp_path, preset="tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_default_preset():
    """The one named like the source, or else like its task."""
    assert [make_settings(source)["preset"] for source in (SHAPES, StreetSource())] == ["shapes", "semantic"]
