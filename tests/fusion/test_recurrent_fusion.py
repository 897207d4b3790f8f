import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.export import SavedModelSession, export_saved_model
from kmm.fusion import RecurrentFusion
from kmm.layers import CoordinateMap
from kmm.models import segmenter
from kmm.preprocessing import PromptTokenizer, scores_from_logits

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def built(dtype=None):
    """With weights off their initial values: biases start at zero."""
    fusion = RecurrentFusion(filters=8, units=6, dtype=dtype)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return fusion


def test_equals_numpy():
    """One sample and one word at a time, with one matrix for [word, sentence, picture, state] side by side."""
    fusion = built()
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    def normalise(name, inputs):
        inputs = (inputs - inputs.mean(-1, keepdims=True)) / np.sqrt(inputs.var(-1, keepdims=True) + 1e-3)
        return inputs * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def sigmoid(inputs):
        return 1 / (1 + np.exp(-inputs))

    matrix = np.concatenate([weights[f"{name}_gates/kernel"] for name in ("word", "sentence", "picture", "state")])
    x = block("projection", FEATURES)
    x = x + np.asarray(CoordinateMap()(x)) @ weights["place/kernel"]
    words, sentences = normalise("sequence_norm", SEQUENCE), normalise("pooled_norm", POOLED)
    states = np.zeros((3, 3, 4, 6))
    for sample, length in enumerate(PADDING_MASK.sum(axis=1)):
        cell = np.zeros((3, 4, 6))
        for word in words[sample, :length]:
            context = np.tile(np.concatenate([word, sentences[sample]]), (3, 4, 1))
            gates = np.concatenate([context, x[sample], states[sample]], axis=-1) @ matrix
            enter, forget, candidate, leave = np.split(gates + weights["picture_gates/bias"], 4, axis=-1)
            cell = sigmoid(forget + 1) * cell + sigmoid(enter) * np.tanh(candidate)
            states[sample] = sigmoid(leave) * np.tanh(cell)
    expected = block("combine", np.concatenate([x, states], axis=-1))
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padded_steps_keep_the_state(dtype):
    fusion = built(dtype)
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), "float32")
    for replacement in (0.0, 1e4):
        changed = np.where(PADDING_MASK[..., None], SEQUENCE, np.float32(replacement))
        again = np.asarray(fusion(FEATURES, changed, POOLED, PADDING_MASK), "float32")
        np.testing.assert_array_equal(again, outputs)
    apart = [0, 3, 1, 2]  # padding between the words
    again = np.asarray(fusion(FEATURES, SEQUENCE[:, apart], POOLED, PADDING_MASK[:, apart]), "float32")
    np.testing.assert_array_equal(again, outputs)


def test_word_order_counts():
    fusion = built()
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    exchanged = np.asarray(fusion(FEATURES, SEQUENCE[:, [1, 0, 2, 3]], POOLED, PADDING_MASK))
    assert np.abs(exchanged - outputs)[0].max() > 1e-3


@pytest.mark.slow
def test_trains_where_the_length_is_unknown():
    """Inside a graph the words are read by a loop of unknown length."""
    symbols = [keras.Input((3, 4, 5)), keras.Input((None, 6)), keras.Input((6,)), keras.Input((None,), dtype="bool")]
    fusion = built()
    model = keras.Model(symbols, fusion(*symbols))
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    inputs = [FEATURES, SEQUENCE, POOLED, PADDING_MASK]
    eager = fusion(*inputs)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), eager, rtol=1e-4, atol=1e-5)
    before = fusion.state_gates.kernel.numpy()
    losses = [model.train_on_batch(inputs, np.ones((3, 3, 4, 8))) for _ in range(3)]
    assert losses[-1] < losses[0] and not np.allclose(fusion.state_gates.kernel, before)


@pytest.mark.slow
def test_export_equals_keras(tmp_path):
    """The loop runs in a server too."""
    tokenizer = PromptTokenizer(["red", "circle"], sequence_length=5)
    parts = {"image_encoder": ("ConvImageEncoder", {"widths": (4, 4, 4)}), "decoder_filters": 4, "fusion_filters": 8}
    model = segmenter((16, 16), 1, tokenizer, fusion="RecurrentFusion", text_units=4, **parts)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    images = random.integers(0, 256, (2, 16, 16, 3), dtype="uint8")
    prompts = [b"red circle red", b""]
    words = {key: value.numpy() for key, value in tokenizer(prompts).items()}
    expected = scores_from_logits(model.predict({"images": images, **words}, verbose=0))
    with SavedModelSession(export_saved_model(model, tmp_path, verify=False)) as session:
        files = [tf.io.encode_png(image).numpy() for image in images]
        outputs = session.run({"image_bytes": files, "prompt": prompts})
    np.testing.assert_allclose(outputs["score"], expected, atol=1e-4)


def test_state_has_as_many_numbers_as_the_output_by_default():
    fusion = RecurrentFusion(filters=8)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    assert fusion.state_gates.kernel.shape == (8, 32) and fusion.get_config()["units"] is None


def test_refuses_less_than_one_unit():
    with pytest.raises(ValueError, match="units must be positive.*Received: units=0"):
        RecurrentFusion(filters=8, units=0)
