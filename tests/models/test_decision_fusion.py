import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm import decoders, encoders, fusion, heads
from kmm.data import ShapesSource
from kmm.evaluation import evaluate
from kmm.export import SavedModelSession, export_saved_model
from kmm.layers import LinearDecision, NonlinearDecision
from kmm.losses import SegmentationCrossEntropy
from kmm.models import DecisionFusion, MultimodalModel
from kmm.preprocessing import PromptTokenizer, scores_from_logits

TOKENIZER = PromptTokenizer(["red", "green", "circle"], sequence_length=5)
random = np.random.default_rng(0)
IMAGES = random.integers(0, 256, (2, 16, 16, 3), dtype="uint8")
PICTURE = {"images": IMAGES}


def make_model(num_classes=3, image_size=(16, 16), tokenizer=None, names=("segmentation_masks",)):
    """Weights off their initial values, so that models differ; all have one name, as models of one builder do."""
    words = {
        "context_encoders": {"text": encoders.LSTMTextEncoder(8, embedding_dim=4, units=4, name="text")},
        "fusions": {"P2": fusion.ConcatFusion(4, name="fusion")},
        "prompt_tokenizer": tokenizer,
    }
    model = MultimodalModel(
        encoders.ConvImageEncoder(image_size, (4, 4), blocks=0, image_shortcut=False, name="image_encoder"),
        decoders.FCNDecoder(4, ("P2",), name="decoder"),
        {name: heads.SegmentationHead(num_classes, name=f"head{i}") for i, name in enumerate(names)},
        **(words if tokenizer else {}),
        name="same",
    )
    for weight in model.trainable_weights:
        weight.assign(weight + 0.5 * random.normal(size=weight.shape))
    return model


def with_words(prompts, images=IMAGES):
    return {"images": images, **{key: value.numpy() for key, value in TOKENIZER(prompts).items()}}


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits)))


def test_equals_numpy_on_masks():
    """One model reads words and one does not."""
    models = {"words": make_model(tokenizer=TOKENIZER), "picture": make_model()}
    model = DecisionFusion(models, LinearDecision())
    assert sorted(model.input) == ["images", "padding_mask", "token_ids"] and model.models == models
    assert (model.image_size, model.num_classes, model.context_keys) == ((16, 16), 3, ("token_ids", "padding_mask"))
    assert model.prompt_tokenizer is TOKENIZER
    model.combiner.preferences.assign(np.log([[0.2], [0.8]]))  # "picture" and "words"
    inputs = with_words(["red circle", "green"])
    picture, words = np.asarray(models["picture"](PICTURE)), np.asarray(models["words"](inputs))
    expected = 0.2 * softmax(picture) + 0.8 * softmax(words)
    np.testing.assert_allclose(softmax(np.asarray(model(inputs))), expected, rtol=1e-4)


def test_equals_numpy_on_labels():
    """Any functional models with named inputs."""

    def make(units):
        vector = keras.Input((4,), name="vector")
        hidden = keras.layers.Dense(units, activation="relu", name="hidden")(vector)
        return keras.Model({"vector": vector}, keras.layers.Dense(1, name="labels")(hidden), name="same")

    models = {"small": make(2), "large": make(5)}
    model = DecisionFusion(models, LinearDecision())
    vectors = {"vector": random.normal(size=(6, 4)).astype("float32")}
    expected = sum(sigmoid(one(vectors)) for one in models.values()) / 2
    np.testing.assert_allclose(sigmoid(model(vectors)), expected, rtol=1e-4)
    assert model.image_size is None and model.num_classes == 1 and model.prompt_tokenizer is None


@pytest.mark.parametrize("combiner", [LinearDecision, NonlinearDecision])
def test_only_the_combiner_learns(combiner):
    """Neither weights nor statistics of the models move, whatever `trainable` is set to around them."""
    models = {"one": make_model(), "other": make_model()}
    before = {name: one.get_weights() for name, one in models.items()}
    model = DecisionFusion(models, combiner())
    model.trainable = True
    assert len(model.trainable_weights) == len(model.combiner.trainable_weights) > 0
    asked = model.for_prompts(1)
    asked.compile(keras.optimizers.AdamW(0.1, weight_decay=0.1), SegmentationCrossEntropy(), run_eagerly=True)
    start = model.combiner.get_weights()
    asked.fit(PICTURE, random.integers(0, 3, (2, 1, 16, 16)), epochs=2, verbose=0)
    for name, one in models.items():
        for weight, old in zip(one.get_weights(), before[name], strict=True):
            np.testing.assert_array_equal(weight, old)
    assert any((new != old).any() for new, old in zip(model.combiner.get_weights(), start, strict=True))
    if combiner is LinearDecision:
        assert np.isclose(sum(model.combiner.shares().values()), 1)


def test_trainable_models_learn_too():
    models = {"one": make_model(), "other": make_model()}
    model = DecisionFusion(models, LinearDecision(), trainable_models=True)
    model.compile(keras.optimizers.SGD(0.1), SegmentationCrossEntropy(), run_eagerly=True)
    before = {name: one.get_weights() for name, one in models.items()}
    model.train_on_batch(PICTURE, random.integers(0, 3, (2, 16, 16)))
    for name, one in models.items():
        assert all((new != old).any() for new, old in zip(one.get_weights(), before[name], strict=True))


def test_fixed_models_run_in_inference_mode():
    """The statistics of the batch do not count, nor would dropout act."""
    model = DecisionFusion({"one": make_model(), "other": make_model()}, LinearDecision())
    np.testing.assert_array_equal(model(PICTURE, training=True), model(PICTURE, training=False))


@pytest.mark.parametrize("trainable_models", [False, True])
def test_file_is_bit_equal(tmp_path, trainable_models):
    models = {"words": make_model(tokenizer=TOKENIZER), "picture": make_model()}
    models["words"].compile("adam", SegmentationCrossEntropy())  # its optimizer is not written
    combiner = LinearDecision(per_class=True)
    model = DecisionFusion(models, combiner, trainable_models, dtype="mixed_bfloat16", name="mine")
    model.combiner.preferences.assign(random.normal(size=(2, 3)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs = with_words(["red circle", "green"])
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert type(loaded) is DecisionFusion and (loaded.name, loaded.dtype_policy.name) == ("mine", "mixed_bfloat16")
    assert len(loaded.trainable_weights) == len(model.trainable_weights)
    assert loaded.prompt_tokenizer.get_config() == TOKENIZER.get_config()
    assert list(loaded.models) == ["words", "picture"] and not loaded.models["words"].compiled


def test_file_of_a_trained_model_keeps_the_optimizer(tmp_path):
    model = DecisionFusion({"one": make_model(), "other": make_model()}, NonlinearDecision())
    model.compile(keras.optimizers.AdamW(0.1), SegmentationCrossEntropy(), run_eagerly=True)
    targets = random.integers(0, 3, (2, 16, 16))
    model.train_on_batch(PICTURE, targets)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    losses = [[one.train_on_batch(PICTURE, targets) for _ in range(2)] for one in (model, loaded)]
    assert losses[0] == losses[1]


def test_for_prompts_equals_separate_calls():
    """Also of models that know nothing of several prompts."""
    words = make_model(tokenizer=TOKENIZER)
    models = {"words": words, "picture": make_model(), "plain": keras.Model(words.input, words.output)}
    model = DecisionFusion(models, NonlinearDecision())
    prompts = [["red", "green circle", ""], ["circle", "red", "the red red circle"]]
    outputs = model.for_prompts(3)(with_words(prompts))
    assert outputs.shape == (2, 3, 16, 16, 3)
    for number in range(3):
        single = with_words([of_picture[number] for of_picture in prompts])
        np.testing.assert_allclose(outputs[:, number], model(single), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_is_evaluated_like_other_models():
    model = DecisionFusion({"words": make_model(1, tokenizer=TOKENIZER), "picture": make_model(1)}, LinearDecision())
    metrics = evaluate(model, ShapesSource(image_size=(32, 32)), "val", limit=2, verbose=0)
    assert metrics["num_samples"] == 12 and 0 <= metrics["overall_iou"] <= 1 and metrics["language_gap"] is not None


@pytest.mark.slow
def test_export_equals_keras(tmp_path):
    model = DecisionFusion({"words": make_model(tokenizer=TOKENIZER), "picture": make_model()}, LinearDecision())
    path = export_saved_model(model, tmp_path, verify=False)
    stored = [name for name, _ in tf.train.list_variables(str(path / "variables" / "variables"))]
    assert len([name for name in stored if name.startswith("weights/")]) == len(model.weights)  # each once
    prompts = [b"red circle", b""]
    expected = scores_from_logits(model(with_words(prompts)))
    with SavedModelSession(path) as session:
        files = [tf.io.encode_png(image).numpy() for image in IMAGES]
        outputs = session.run({"image_bytes": files, "prompt": prompts})
    np.testing.assert_allclose(outputs["score"], expected, atol=1e-4)


def test_takes_the_masks_of_several_outputs():
    models = {"one": make_model(names=("edges", "segmentation_masks")), "other": make_model()}
    model = DecisionFusion(models, LinearDecision())
    logits = [models["one"](PICTURE)["segmentation_masks"], models["other"](PICTURE)]
    expected = sum(softmax(np.asarray(one)) for one in logits) / 2
    np.testing.assert_allclose(softmax(np.asarray(model(PICTURE))), expected, rtol=1e-4)


def test_refuses_what_is_no_dict_of_models():
    image = keras.Input((4,))
    unnamed = keras.Model(image, keras.layers.Dense(1)(image))
    with pytest.raises(TypeError, match=r"inputs a dict by name. Received: models=\{'one': 'Functional'"):
        DecisionFusion({"one": unnamed, "other": unnamed}, LinearDecision())
    with pytest.raises(TypeError, match="models must be a dict from name to functional model"):
        DecisionFusion([unnamed, unnamed], LinearDecision())


def test_refuses_one_model():
    with pytest.raises(ValueError, match=r"less than two models. Received: models=\['alone'\]"):
        DecisionFusion({"alone": make_model()}, LinearDecision())


def test_refuses_inputs_that_differ():
    models = {"one": make_model(), "other": make_model(image_size=(32, 16))}
    with pytest.raises(ValueError, match=r"'images' is \(\(16, 16, 3\), 'float32'\) in 'one' and \(\(32, 16, 3\)"):
        DecisionFusion(models, LinearDecision())


def test_refuses_answers_that_differ():
    with pytest.raises(ValueError, match=r"must have one shape. Received: .*'other': \(16, 16, 1\)"):
        DecisionFusion({"one": make_model(), "other": make_model(1)}, LinearDecision())


def test_refuses_several_outputs_without_masks():
    models = {"one": make_model(names=("edges", "depth")), "other": make_model()}
    with pytest.raises(
        ValueError, match=r"named 'segmentation_masks'. Received: outputs=\['depth', 'edges'\] of 'one'"
    ):
        DecisionFusion(models, LinearDecision())


def test_refuses_tokenizers_that_differ():
    other = PromptTokenizer(["red", "blue"], sequence_length=5)
    models = {"one": make_model(tokenizer=TOKENIZER), "other": make_model(tokenizer=other)}
    with pytest.raises(ValueError, match=r"share one tokenizer.*that of \['other'\] differs from that of 'one'"):
        DecisionFusion(models, LinearDecision())
