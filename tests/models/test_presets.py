import json

import pytest

import kmm
from kmm.models import build_preset, find_preset, presets
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["a", "cat"], sequence_length=4)


def test_presets_are_plain_data():
    assert json.loads(json.dumps(presets)).keys() == presets.keys()
    assert kmm.presets is presets and set(presets) >= {
        "shapes",
        "referring",
        "semantic",
        "semantic_image_only",
        "classic_fcn",
        "hu2016",
        "rmi_like",
        "film_fpn",
        "pwam_fpn",
        "vgg16_bert",
        "light",
    }
    for preset in presets.values():
        assert set(preset) == {"description", "task", "builder", "arguments", "training"}


@pytest.mark.parametrize("name", presets)
def test_training_recipes_are_complete(name):
    needed = {"epochs", "batch_size", "num_prompts", "learning_rate", "weight_decay", "augmentations"}
    semantic = presets[name]["task"] == "semantic"
    assert set(presets[name]["training"]) - {"tokenizer"} == needed | ({"class_balance"} if semantic else set())
    for augmentation, options in presets[name]["training"]["augmentations"].items():
        getattr(kmm.data, augmentation)(**options)


@pytest.mark.parametrize("name", presets)
def test_every_preset_builds(name):
    arguments = {"num_classes": 7} if name.startswith("semantic") else {}
    if "prompt_tokenizer" not in presets[name]["arguments"]:
        tokenizer = getattr(kmm.preprocessing, presets[name]["training"].get("tokenizer", "PromptTokenizer"))
        arguments["prompt_tokenizer"] = tokenizer.adapt(["a cat", "the red car"], sequence_length=6)
    model = build_preset(name, **arguments)
    classes = 1 if presets[name]["task"] == "referring" else {"classic_fcn": 21}.get(name, 7)
    assert model.output_shape == (None, *presets[name]["arguments"]["image_size"], classes)
    assert model.prompt_tokenizer is None or model.fusions


def test_arguments_replace_the_presets_own():
    model = build_preset("classic_fcn", prompt_tokenizer=TOKENIZER, image_size=(16, 32), num_classes=3)
    assert model.output_shape == (None, 16, 32, 3)
    assert presets["classic_fcn"]["arguments"]["image_size"] == (224, 224)


@pytest.mark.parametrize("function", [build_preset, find_preset])
def test_unknown_preset(function):
    message = r"A preset is one of \['classic_fcn', 'film_fpn', .*\]. Received: preset='clasic_fcn'."
    with pytest.raises(ValueError, match=message):
        function("clasic_fcn")
