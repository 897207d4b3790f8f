import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm import decoders, encoders, fusion, heads
from kmm.models import MultimodalModel, classic_fcn
from kmm.preprocessing import PromptTokenizer

DTYPES = ("float32", "mixed_bfloat16")
IMAGE_ONLY = {"context_encoders": None, "fusions": None, "prompt_tokenizer": None}


def two_heads(dtype=None):
    return {
        "segmentation_masks": heads.SegmentationHead(1, name="mask_head", dtype=dtype),
        "edges": heads.SubpixelSegmentationHead(2, scale=4, name="edge_head", dtype=dtype),
    }


def test_inputs_outputs_and_attributes(small_model, inputs):
    model = small_model()
    assert {name: tensor.name for name, tensor in model.input.items()} == {name: name for name in inputs}
    outputs = model(inputs)
    assert tuple(outputs.shape) == (2, 16, 24, 3) and outputs.dtype == "float32"
    assert (model.image_size, model.num_classes) == ((16, 24), 3)
    assert model.context_keys == ("token_ids", "padding_mask")
    assert [layer.name for layer in model.layers if layer.weights] == [
        "image_encoder", "text_encoder", "fusion", "decoder", "head",
    ]  # fmt: skip


def test_several_heads_give_a_dict(small_model, inputs):
    outputs = small_model(heads=two_heads())(inputs)
    assert {name: tuple(output.shape) for name, output in outputs.items()} == {
        "segmentation_masks": (2, 16, 24, 1),
        "edges": (2, 16, 24, 2),
    }


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("replaced", [{}, IMAGE_ONLY], ids=["words", "image only"])
def test_file_is_bit_equal(tmp_path, small_model, inputs, dtype, replaced):
    model = small_model(dtype, **replaced, name="mine")
    inputs = {key: inputs[key] for key in model.input}
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert type(loaded) is MultimodalModel and loaded.name == "mine"
    assert (loaded.image_size, loaded.num_classes) == ((16, 24), 3)
    assert [weight.path for weight in loaded.weights] == [weight.path for weight in model.weights]
    for part in ("image_encoder", "decoder"):
        assert getattr(loaded, part).dtype_policy.name == dtype
    assert loaded.dtype_policy.name == dtype and loaded.heads["segmentation_masks"].dtype_policy.name == dtype
    if replaced:
        assert loaded.prompt_tokenizer is None
    else:
        assert loaded.prompt_tokenizer.get_config() == model.prompt_tokenizer.get_config()
        np.testing.assert_array_equal(loaded.prompt_tokenizer(["red"])["token_ids"], [[2, 0, 0, 0, 0]])


def test_file_of_a_trained_model_keeps_the_optimizer(tmp_path, small_model, inputs):
    model = small_model(heads=two_heads())
    model.compile("adam", {name: keras.losses.MeanSquaredError() for name in model.heads}, run_eagerly=True)
    targets = {"segmentation_masks": np.ones((2, 16, 24, 1)), "edges": np.zeros((2, 16, 24, 2))}
    model.fit(inputs, targets, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.iterations == 1
    for one, other in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", DTYPES)
def test_encode_image_and_ask_equal_the_model(small_model, inputs, dtype):
    model = small_model(dtype)
    pyramid = model.encode_image(inputs["images"])
    context = {key: tf.constant(inputs[key]) for key in model.context_keys}
    np.testing.assert_array_equal(model.ask({**pyramid, **context}), model(inputs))
    assert set(model.ask.input) == {"P2", "P3", "token_ids", "padding_mask"}
    assert model.ask is model.ask
    # and it holds the same weights, not copies
    assert {id(weight) for weight in model.ask.weights} <= {id(weight) for weight in model.weights}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("several_heads", [False, True])
def test_for_prompts_equals_separate_calls(small_model, words, inputs, dtype, several_heads):
    model = small_model(dtype, **({"heads": two_heads(dtype)} if several_heads else {}))
    prompts = [["red", "green circle", ""], ["square", "red", "the red red circle square"]]
    outputs = model.for_prompts(3)({"images": inputs["images"], **words(prompts)})
    for place in range(3):
        single = model({"images": inputs["images"], **words([row[place] for row in prompts])})
        for output, expected in zip(keras.tree.flatten(outputs), keras.tree.flatten(single), strict=True):
            assert output.shape[:2] == (2, 3)
            np.testing.assert_allclose(output[:, place], expected, rtol=1e-5, atol=1e-5 if dtype == "float32" else 0.1)


def test_training_for_prompts_trains_the_model(small_model, words, inputs):
    model = small_model(heads={"segmentation_masks": heads.SegmentationHead(1, name="head")})
    parts = (model.image_encoder, *model.context_encoders.values(), model.fusions["P3"], model.decoder)
    before = [part.get_weights() for part in parts]
    trained = model.for_prompts(2)
    assert {id(weight) for weight in trained.weights} == {id(weight) for weight in model.weights}
    trained.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True), run_eagerly=True)
    prompts = words([["red", "green"], ["circle", "red"]])
    trained.fit({"images": inputs["images"], **prompts}, np.ones((2, 2, 16, 24, 1)), verbose=0)
    for part, weights in zip(parts, before, strict=True):
        assert not np.array_equal(part.get_weights()[0], weights[0]), part.name


def test_image_only(small_model, inputs):
    model = small_model(**IMAGE_ONLY)
    assert set(model.input) == {"images"} and model.context_keys == ()
    images = {"images": inputs["images"]}
    assert tuple(model(images).shape) == (2, 16, 24, 3)
    np.testing.assert_array_equal(model.ask(model.encode_image(images["images"])), model(images))
    outputs = model.for_prompts(2)(images)
    for place in range(2):
        np.testing.assert_allclose(outputs[:, place], model(images), rtol=1e-5, atol=1e-5)


def test_words_change_the_answer_and_padding_does_not(small_model, words, inputs):
    model = small_model()
    answers = [np.asarray(model({**inputs, **words([text] * 2)})) for text in ("red circle", "green circle", "")]
    assert np.abs(answers[0] - answers[1]).max() > 1e-3 and np.abs(answers[0] - answers[2]).max() > 1e-3
    filled = {**inputs, "token_ids": np.where(inputs["padding_mask"], inputs["token_ids"], 3)}
    np.testing.assert_array_equal(model(filled), model(inputs))


def test_gradient_reaches_the_words(small_model, inputs):
    model = small_model()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(inputs, training=True) ** 2)
    weights = model.context_encoders["text"].trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert np.any(tf.convert_to_tensor(gradient).numpy()), weight.path


def test_refuses_levels_that_the_image_encoder_does_not_give(parts):
    message = r"does not give: \['P4', 'P5'\]. Received: decoder.levels=.*image_encoder.pyramid_levels=\('P2', 'P3'\)"
    with pytest.raises(ValueError, match=message):
        MultimodalModel(**parts(decoder=decoders.FCNDecoder(4)))


def test_refuses_a_fusion_that_would_change_nothing(parts):
    message = r"would change nothing: \['P2'\]. Received: fusions at \('P2',\), decoder.levels=\('P3',\)"
    with pytest.raises(ValueError, match=message):
        MultimodalModel(**parts(fusions={"P2": fusion.ConcatFusion(4)}, decoder=decoders.FCNDecoder(4, levels=("P3",))))


@pytest.mark.parametrize("case", ["fusion alone", "encoder alone", "two encoders"])
def test_refuses_contexts_and_fusions_that_do_not_come_together(parts, case):
    text = encoders.LSTMTextEncoder(9, 4, 4)
    replaced = {
        "fusion alone": {"context_encoders": {}},
        "encoder alone": {"fusions": None},
        "two encoders": {"context_encoders": {"text": text, "speech": text}},
    }[case]
    with pytest.raises(ValueError, match="fusion needs one context encoder. Received: context_encoders="):
        MultimodalModel(**parts(**replaced))


def test_refuses_no_head(parts):
    with pytest.raises(ValueError, match="at least one head. Received: heads={}. Give for instance"):
        MultimodalModel(**parts(heads={}))


def test_ask_takes_what_encode_image_gives(inputs):
    """Also when the decoder takes fewer levels than the image encoder has."""
    tokenizer = PromptTokenizer(["red", "car"], sequence_length=5)
    model = classic_fcn((16, 24), 3, tokenizer)
    images = tf.constant(inputs["images"])
    pyramid = model.encode_image(images)
    assert set(pyramid) == set(model.decoder.levels) < set(model.image_encoder.pyramid_levels)
    words = tokenizer(["red car", ""])
    expected = model({"images": images, **words})
    np.testing.assert_allclose(model.ask({**pyramid, **words}), expected, atol=1e-5)
    many = model.for_prompts(2)({"images": images, **tokenizer([["red car", "x"], ["y", ""]])})
    np.testing.assert_allclose(np.stack([many[0, 0], many[1, 1]]), expected, atol=1e-5)
