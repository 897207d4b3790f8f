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
    }
    for preset in presets.values():
        assert set(preset) == {"description", "task", "builder", "arguments", "training"}


@pytest.mark.parametrize("name", presets)
def test_training_recipes_are_complete(name):
    needed = {"epochs", "batch_size", "num_prompts", "learning_rate", "weight_decay", "augmentations"}
    semantic = presets[name]["task"] == "semantic"
    assert set(presets[name]["training"]) == needed | ({"class_balance"} if semantic else set())
    for augmentation, options in presets[name]["training"]["augmentations"].items():
        getattr(kmm.data, augmentation)(**options)


@pytest.mark.parametrize("name", presets)
def test_every_preset_builds(name):
    arguments = {"num_classes": 7} if name.startswith("semantic") else {}
    if "prompt_tokenizer" not in presets[name]["arguments"]:
        arguments["prompt_tokenizer"] = TOKENIZER
    model = build_preset(name, **arguments)
    classes = {"shapes": 1, "referring": 1, "classic_fcn": 21}.get(name, 7)
    assert model.output_shape == (None, *presets[name]["arguments"]["image_size"], classes)


def test_arguments_replace_the_presets_own():
    model = build_preset("classic_fcn", prompt_tokenizer=TOKENIZER, image_size=(16, 32), num_classes=3)
    assert model.output_shape == (None, 16, 32, 3)
    assert presets["classic_fcn"]["arguments"]["image_size"] == (224, 224)


@pytest.mark.parametrize("function", [build_preset, find_preset])
def test_unknown_preset(function):
    message = r"A preset is one of \['classic_fcn', 'referring', .*\]. Received: preset='clasic_fcn'."
    with pytest.raises(ValueError, match=message):
        function("clasic_fcn")
