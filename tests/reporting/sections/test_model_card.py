import pytest

from kmm import layers, models
from kmm.preprocessing import PromptTokenizer
from kmm.reporting.sections.model_card import model_card


@pytest.fixture(scope="module")
def members():
    """Two small models, without words and with."""
    sizes = {"widths": (4, 4), "blocks": 0}
    tokenizer = PromptTokenizer(["red", "cup"], sequence_length=4)
    words = models.referring_segmenter((32, 32), tokenizer, text_units=4, fusion_filters=4, **sizes)
    return models.text_guided_segmenter((32, 32), num_classes=2, **sizes), words


def test_parts_words_and_training(referring, change, members, tmp_path, parse):
    settings = {"preset": "shapes", "learning_rate": 0.003, "image_size": [32, 32], "augmentations": {"RandomFlip": {}}}
    context = change(referring, model=members[1], settings=settings, file=lambda name: tmp_path / name)
    section = model_card(context)
    roles = {part["role"]: part for part in section.data["parts"]}
    assert roles["image encoder"]["class"] == "ConvImageEncoder" and roles["decoder"]["parameters"] > 0
    assert list(roles["image encoder"]["arguments"]["widths"]) == [4, 4]
    assert sum(part["parameters"] for part in roles.values()) <= section.data["parameters"]
    assert section.data["vocabulary"]["sequence_length"] == 4
    text = parse("".join(section.blocks)).text
    assert "learning rate 0.003" in text and "PromptTokenizer" in text and "32 x 32 pixels" in text
    assert "no run folder" not in text


def test_images_alone(semantic, change, members, parse):
    section = model_card(change(semantic, model=members[0]))
    text = parse("".join(section.blocks)).text
    assert section.data["vocabulary"] is None and "the model reads no words" in text and "2 classes" in text
    assert "no run folder was given" in text


def test_models_joined(semantic, change, members):
    joined = models.DecisionFusion({"one": members[0], "other": members[0]}, layers.LinearDecision())
    roles = [part["role"] for part in model_card(change(semantic, model=joined)).data["parts"]]
    assert roles == ["model 'one'", "model 'other'", "combiner"]
