"""Large pretrained parts, here with random weights: VGG16 and BERT in one model, from building to the server."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from kmm import losses, models
from kmm.export import SavedModelSession, export_saved_model
from kmm.preprocessing import PromptTokenizer, WordPieceTokenizer, decode_image, masks_from_logits, prepare_images
from kmm.training import BranchAdamW, branch_multipliers

PROMPTS = ["a red car", "two small cats"]


def build(**options):
    tokenizer = WordPieceTokenizer.adapt(PROMPTS, sequence_length=8)
    return models.vgg16_bert((32, 32), tokenizer, bert_layers=1, bert_units=64, **options)


def batch(tokenizer):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    words = {key: value.numpy() for key, value in tokenizer(PROMPTS).items()}
    return {"images": images, **words}, np.random.default_rng(1).integers(0, 2, (2, 32, 32)).astype("uint8")


def step(model):
    inputs, targets = batch(model.prompt_tokenizer)
    return model.train_on_batch(inputs, targets)


@pytest.mark.slow
def test_builds_trains_saves_loads_and_exports(tmp_path):
    pytest.importorskip("keras_hub")
    model = build()
    assert model.output_shape == (None, 32, 32, 1) and model.image_encoder.application == "VGG16"
    multipliers = branch_multipliers(model, {"image_encoder": 0.1, "text_encoder": 0.5})
    model.compile(BranchAdamW(1e-3, multipliers, weight_decay=0.01), losses.BinaryCrossEntropyDice())
    before = {weight.path: weight.numpy() for weight in model.trainable_variables}
    assert np.isfinite(step(model))
    still = [w.path for w in model.trainable_variables if np.array_equal(w, before[w.path])]
    assert not still
    del before

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs, _ = batch(model.prompt_tokenizer)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    state = zip(loaded.optimizer.variables, model.optimizer.variables, strict=True)
    assert all(np.array_equal(one, other) for one, other in state)
    assert loaded.optimizer.multipliers == multipliers
    path = export_saved_model(loaded, tmp_path / "saved_model", verify=False)
    check_export(path, loaded)
    assert np.isfinite(step(loaded))


def check_export(path, model):
    """The C++ session answers as the Keras model does, from files and raw prompts."""
    pytest.importorskip("tensorflow_text")  # registers the operations of the tokenizer
    files = []
    for size in ((40, 30), (32, 32)):
        buffer = io.BytesIO()
        pixels = np.random.default_rng(size[0]).integers(0, 256, (4, 4, 3), "uint8")
        Image.fromarray(pixels).resize(size).save(buffer, "PNG")
        files.append(buffer.getvalue())
    with SavedModelSession(path) as session:
        served = session.run({"image_bytes": files, "prompt": [prompt.encode() for prompt in PROMPTS]})
    images = np.stack([prepare_images(decode_image(file), model.image_size) for file in files])
    logits = model.predict_on_batch({"images": images, **model.prompt_tokenizer(PROMPTS)})
    assert np.mean(served["mask"] == masks_from_logits(logits).numpy()) > 0.99


@pytest.mark.slow
def test_frozen_branches_stay_as_they_are():
    pytest.importorskip("keras_hub")
    model = build(image_encoder=("ApplicationImageEncoder", {"application": "MobileNet", "options": {"alpha": 0.25}}))
    parts = [model.image_encoder, model.context_encoders["text"]]
    for part in parts:
        part.trainable = False
    model.compile(BranchAdamW(1e-3), losses.BinaryCrossEntropyDice())
    before = [[weight.numpy() for weight in part.weights] for part in parts]
    step(model)
    for part, values in zip(parts, before, strict=True):
        assert all(np.array_equal(weight, old) for weight, old in zip(part.weights, values, strict=True))


@pytest.mark.slow
def test_refuses_more_words_than_bert_knows():
    """Before training starts: a vocabulary larger than the embedding."""
    keras_hub = pytest.importorskip("keras_hub")
    from kmm.encoders import KerasHubTextEncoder

    bert = keras_hub.models.BertBackbone(
        vocabulary_size=3, num_layers=1, num_heads=1, hidden_dim=8, intermediate_dim=8, max_sequence_length=8
    )
    tokenizer = PromptTokenizer(["a", "red", "car", "cat"], sequence_length=8)
    with pytest.raises(ValueError, match="vocabulary_size=3 of the context encoder 'text'"):
        models.vgg16_bert((32, 32), tokenizer, text_encoder=KerasHubTextEncoder(bert))
