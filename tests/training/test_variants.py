import keras
import pytest

from kmm import decoders, encoders, fusion
from kmm.training.prepare_run import build_model
from kmm.training.settings import make_settings
from kmm.training.variants import AXES, make_variants


@pytest.fixture
def model(scenes, tiny_preset):
    return build_model(scenes, make_settings(scenes, tiny_preset, "float32"))


def test_every_fusion_and_the_presets_own_as_it_is(model):
    variants = make_variants("fusion", model)
    assert set(variants) == set(fusion.__all__) - {"Fusion"}
    assert variants["ConcatFusion"] == {}, "with its coordinates"
    assert variants["CrossAttentionFusion"] == {"fusion": "CrossAttentionFusion"}


def test_encoders_are_told_apart_and_left_out_where_a_name_is_not_enough(model, monkeypatch):
    class NeedsMore(keras.Model):
        def __init__(self, application, image_size):
            pass

    monkeypatch.setattr(encoders, "NeedsMore", NeedsMore, raising=False)
    monkeypatch.setattr(encoders, "__all__", [*encoders.__all__, "NeedsMore"])
    images, texts = make_variants("image_encoder", model), make_variants("text_encoder", model)
    assert "ConvImageEncoder" in images and "LSTMTextEncoder" in texts and not set(images) & set(texts)
    assert "NeedsMore" not in {**images, **texts}
    assert set(make_variants("decoder", model)) == set(decoders.__all__) - {"Decoder"}


def test_levels_and_words(model):
    levels = {"P2": ["P2"], "P3": ["P3"], "all levels": ["P2", "P3"]}
    assert make_variants("level", model) == {name: {"fusion_levels": value} for name, value in levels.items()}
    assert make_variants("text", model) == {"with text": {}, "without text": {"prompt_tokenizer": None}}


def test_modalities_are_taken_from_the_data(model):
    both = {"image only": {"without": ["prompts"]}, "text only": {"without": ["images"]}}
    assert make_variants("modality", model) == {"image + text": {}, **both}
    neither = {"nothing": ["images", "prompts"]}
    assert make_variants("modality", model, neither) == {"nothing": {"without": neither["nothing"]}}


def test_losses_that_suit_the_task_by_name_alone(model):
    names = set(make_variants("loss", model))
    assert {"BinaryCrossEntropyDice", "BinaryFocal", "BinaryLovasz"} <= names
    assert not any(name.startswith("Categorical") for name in names)
    assert not {"BoundaryWeighted", "CombinedLoss", "SegmentationCrossEntropy", "pixel_weights"} & names
    tversky = ["BinaryTversky", {"alpha": 0.1}]
    chosen = make_variants("loss", model, {"own": "BinaryDice", "low": tversky})
    assert chosen == {"own": {"loss": "BinaryDice"}, "low": {"loss": tversky}}
    with pytest.raises(ValueError, match=r"A variant is one of .*'BinaryDice'.*Received: \['CategoricalDice'\]"):
        make_variants("loss", model, ["CategoricalDice"])


def test_chosen_ones(model):
    assert make_variants("level", model, ["P3"]) == {"P3": {"fusion_levels": ["P3"]}}
    assert make_variants("fusion", model, ["mine>Fusion"]) == {"mine>Fusion": {"fusion": "mine>Fusion"}}
    part = ["ConcatFusion", {"coordinates": False}]
    variants = make_variants("fusion", model, {"plain": part, "own": "ConcatFusion"})
    assert variants == {"plain": {"fusion": part}, "own": {}}
    assert make_variants("level", model, {"both": ["P2", "P3"]}) == {"both": {"fusion_levels": ["P2", "P3"]}}


def test_a_model_of_images_alone_has_decoders_to_compare(scenes, tiny_preset):
    settings = {**make_settings(scenes, tiny_preset, "float32"), "parts": {"prompt_tokenizer": None}}
    model = build_model(scenes, settings)
    assert isinstance(model, keras.Model) and make_variants("decoder", model, ["FCNDecoder"]) == {"FCNDecoder": {}}
    for over in ("fusion", "text_encoder", "level", "text"):
        with pytest.raises(ValueError, match=f"Only a model that reads words can be compared over its {over}"):
            make_variants(over, model)


def test_errors(model):
    with pytest.raises(ValueError, match=r"goes over one of .*'fusion'.*Received: over='head'"):
        make_variants("head", model)
    with pytest.raises(ValueError, match=r"A variant is one of .*'ConcatFusion'.*Received: \['ConcattFusion'\]"):
        make_variants("fusion", model, ["ConcatFusion", "ConcattFusion"])
    with pytest.raises(ValueError, match="Received: no variant"):
        make_variants("fusion", model, [])
    assert "head" not in AXES
