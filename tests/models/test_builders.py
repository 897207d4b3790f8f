import inspect

import keras
import numpy as np
import pytest

from kmm.models import classic_fcn, referring_segmenter, text_guided_segmenter
from kmm.preprocessing import PromptTokenizer

TOKENIZER = PromptTokenizer(["red", "circle", "a", "cat"], sequence_length=6)
SMALL = {"text_units": 4, "fusion_filters": 8, "decoder_filters": 8}


def random_inputs(model, batch=2):
    images = np.random.default_rng(0).integers(0, 256, (batch, *model.image_size, 3), dtype="uint8")
    words = TOKENIZER(["a red circle"] * batch) if model.context_keys else {}
    return {"images": images, **{key: value.numpy() for key, value in words.items()}}


def test_referring_segmenter():
    model = referring_segmenter((32, 48), TOKENIZER, widths=(4, 6, 8), num_steps=2, **SMALL)
    assert model.output_shape == (None, 32, 48, 1) and model.num_classes == 1
    assert model.prompt_tokenizer is TOKENIZER and model.name == "referring_segmenter"
    assert model.decoder.levels == ("P2", "P3") and set(model.fusions) == {"P3"}
    assert model.fusions["P3"].num_steps == 2 and model.context_encoders["text"].bidirectional
    assert model(random_inputs(model)).dtype == "float32"


def test_text_guided_segmenter():
    model = text_guided_segmenter((32, 64), 5, TOKENIZER, widths=(4, 6, 8, 8, 8), **SMALL)
    assert model.output_shape == (None, 32, 64, 5) and set(model.fusions) == {"P4", "P5"}
    assert tuple(model(random_inputs(model)).shape) == (2, 32, 64, 5)


def test_text_guided_segmenter_without_words():
    """The same net without a text encoder and fusions: the baseline."""
    arguments = {"image_size": (32, 32), "num_classes": 5, "widths": (4, 6, 8, 8, 8), **SMALL}
    model, with_words = (
        text_guided_segmenter(**arguments),
        text_guided_segmenter(prompt_tokenizer=TOKENIZER, **arguments),
    )
    assert set(model.input) == {"images"} and model.prompt_tokenizer is None
    assert model.encode_image.count_params() == with_words.encode_image.count_params()
    assert tuple(model(random_inputs(model)).shape) == (2, 32, 32, 5)


@pytest.mark.parametrize("build", [referring_segmenter, text_guided_segmenter, classic_fcn])
def test_precision_reaches_every_part(build):
    needs = inspect.signature(build).parameters
    values = {"image_size": (32, 32), "num_classes": 3, "prompt_tokenizer": TOKENIZER, "widths": (4, 4, 4), **SMALL}
    values = {**values, "blocks": 1, "dtype": "mixed_bfloat16", "name": "mine"}
    model = build(**{name: value for name, value in values.items() if name in needs})
    layers = [layer for layer in model._flatten_layers() if not isinstance(layer, keras.layers.InputLayer)]
    others = [layer.path for layer in layers if layer.weights and layer.dtype_policy.name != "mixed_bfloat16"]
    assert not others and model.name == "mine"


def test_builders_name_the_size_that_fits():
    with pytest.raises(ValueError, match=r"multiples of 8.*nearest that fits is \(32, 48\)"):
        referring_segmenter((33, 50), TOKENIZER)


@pytest.mark.slow
def test_classic_example_trains():
    """224 x 224 x 3, Embedding 128 + LSTM 128, Concatenate, FCN, 21 classes, Adam, categorical cross-entropy."""
    model = classic_fcn((224, 224), 21, TOKENIZER)
    text = model.context_encoders["text"]
    assert (text.embedding_dim, text.units, text.num_layers, text.bidirectional) == (128, 128, 1, False)
    assert model.image_encoder.widths == (32, 64, 128) and model.image_encoder.downsampling == "max_pooling"
    assert not model.image_encoder.image_shortcut and model.output_shape == (None, 224, 224, 21)
    model.compile(keras.optimizers.Adam(), keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    labels = np.random.default_rng(0).integers(0, 21, (2, 224, 224))
    before = model.get_weights()
    logs = model.train_on_batch(random_inputs(model), keras.utils.to_categorical(labels, 21), return_dict=True)
    assert np.isfinite(logs["loss"]) and 0 <= logs["accuracy"] <= 1
    assert not any(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))
