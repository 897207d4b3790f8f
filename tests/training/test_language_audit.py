import keras
import numpy as np
import pytest

from kmm import data, encoders, losses, models
from kmm.evaluation import SampleCollector, score_of
from kmm.evaluation.prompt_variants import prompts_of_other_pictures
from kmm.preprocessing import PromptTokenizer
from kmm.training import LanguageAudit

SOURCE = data.ShapesSource(image_size=(32, 32), num_train=4, num_val=3)


@pytest.fixture(scope="module")
def model():
    tokenizer = PromptTokenizer.adapt(SOURCE.prompts("train"), sequence_length=8)
    parts = {"widths": (4, 4), "blocks": 0, "text_units": 4, "fusion_filters": 8, "fusion": "ConcatFusion"}
    return models.referring_segmenter((32, 32), tokenizer, **parts)


@pytest.mark.slow
def test_the_gap_is_in_the_history_and_in_the_file(model, tmp_path, capsys):
    trained = model.for_prompts(2)
    trained.compile("sgd", losses.BinaryCrossEntropyDice())
    dataset = data.build_dataset(SOURCE, "train", 2, (32, 32), model.prompt_tokenizer, num_prompts=2)
    callbacks = [LanguageAudit(SOURCE, model, every=2, limit=2), keras.callbacks.CSVLogger(tmp_path / "history.csv")]
    history = trained.fit(dataset, epochs=2, verbose=0, shuffle=False, callbacks=callbacks).history
    collector = SampleCollector(model, SOURCE, "val", limit=2, verbose=0)
    others = prompts_of_other_pictures(collector.prompts)
    expected = [score_of(collector.collect(prompts), "overall_iou") for prompts in (None, others)]
    for name, score in zip(("val_true_overall_iou", "val_shuffled_overall_iou"), expected, strict=True):
        assert np.isnan(history[name][0]) and history[name][1] == pytest.approx(score, abs=1e-6)
    assert history["language_gap"][1] == pytest.approx(expected[0] - expected[1], abs=1e-6)
    header = (tmp_path / "history.csv").read_text().splitlines()[0]
    assert "language_gap" in header and "val_shuffled_overall_iou" in header
    assert abs(history["language_gap"][1]) < 0.02
    assert "Epoch 2: the model does not use its text yet" in capsys.readouterr().out


@pytest.mark.slow
def test_a_large_gap_is_not_printed(model, monkeypatch, capsys):
    callback = LanguageAudit(SOURCE, model, limit=2, min_gap=-2.0)
    callback.on_train_begin()
    logs = {}
    callback.on_epoch_end(0, logs)
    callback.on_epoch_end(1)
    assert set(logs) == {"val_true_overall_iou", "val_shuffled_overall_iou", "language_gap"}
    assert capsys.readouterr().out == ""


def test_errors(model):
    with pytest.raises(ValueError, match="at least 1. Received: every=0"):
        LanguageAudit(SOURCE, every=0)
    with pytest.raises(ValueError, match="asked with one and the same prompt on 'val' of 'shapes'"):
        LanguageAudit(SOURCE, model, limit=1).on_train_begin()
    images = models.MultimodalModel(
        image_encoder=encoders.ConvImageEncoder((32, 32), widths=(4, 4)), decoder=model.decoder, heads=model.heads
    )
    callback = LanguageAudit(SOURCE, limit=2)
    callback.set_model(images)
    with pytest.raises(ValueError, match="a model that reads no words on 'val'"):
        callback.on_train_begin()
