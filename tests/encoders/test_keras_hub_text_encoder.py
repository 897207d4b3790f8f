import sys

import keras
import numpy as np
import pytest

from kmm.encoders import KerasHubTextEncoder

keras_hub = pytest.importorskip("keras_hub")

TOKEN_IDS = np.array([[5, 3, 7, 0, 0], [2, 8, 0, 0, 0], [0, 0, 0, 0, 0], [4, 6, 1, 3, 2]], "int32")
PADDING_MASK = TOKEN_IDS != 0
TOKENS = {"token_ids": TOKEN_IDS, "padding_mask": PADDING_MASK}
SIZES = {"vocabulary_size": 9, "num_layers": 1, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 6}


def make_bert(**options):
    return keras_hub.models.BertBackbone(**SIZES, max_sequence_length=10, **options)


def make_other():
    return keras_hub.models.RobertaBackbone(**SIZES, max_sequence_length=10)


def numpy_bert(weights, token_ids):
    """Vectors of the steps and of the whole text of one prompt without padding, by the paper's formulas."""
    weights = {name.split("/", 1)[-1] if name.startswith("bert") else name: value for name, value in weights.items()}

    def normalize(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    x = weights["token_embedding/embeddings"][token_ids]
    x = x + weights["position_embedding/embeddings"][: len(token_ids)] + weights["segment_embedding/embeddings"][0]
    x = normalize(x, "embeddings_layer_norm")
    layer = "transformer_layer_0"
    query, key, value = (
        np.einsum("td,dhk->thk", x, weights[f"{layer}/self_attention_layer/{part}/kernel"])
        + weights[f"{layer}/self_attention_layer/{part}/bias"]
        for part in ("query", "key", "value")
    )
    scores = np.einsum("qhk,shk->hqs", query, key) / np.sqrt(query.shape[-1])
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    read = np.einsum("hqs,shk->qhk", shares, value)
    read = np.einsum("qhk,hkd->qd", read, weights[f"{layer}/self_attention_layer/attention_output/kernel"])
    x = normalize(
        x + read + weights[f"{layer}/self_attention_layer/attention_output/bias"],
        f"{layer}/self_attention_layer_norm",
    )
    hidden = dense(x, f"{layer}/feedforward_intermediate_dense")
    hidden = 0.5 * hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)))
    x = normalize(x + dense(hidden, f"{layer}/feedforward_output_dense"), f"{layer}/feedforward_layer_norm")
    return x, np.tanh(dense(x[0], "pooled_dense"))


def test_equals_numpy():
    encoder = KerasHubTextEncoder(make_bert())
    random = np.random.default_rng(0)
    for weight in encoder.weights:
        weight.assign(weight + random.normal(size=weight.shape, scale=0.3))
    weights = {weight.path: weight.numpy().astype("float64") for weight in encoder.weights}
    outputs = {key: np.asarray(value) for key, value in encoder(TOKENS).items()}
    for row, mask in enumerate(PADDING_MASK):
        length = mask.sum()
        assert not outputs["sequence"][row, length:].any()
        if length:
            sequence, pooled = numpy_bert(weights, TOKEN_IDS[row, :length])
            np.testing.assert_allclose(outputs["sequence"][row, :length], sequence, rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(outputs["pooled"][row], pooled, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(outputs["padding_mask"], PADDING_MASK)


@pytest.mark.parametrize("make", [make_bert, make_other])
def test_empty_prompt_gives_zeros(make):
    outputs = KerasHubTextEncoder(make())(TOKENS)
    assert not np.asarray(outputs["sequence"])[2].any() and not np.asarray(outputs["pooled"])[2].any()
    assert np.asarray(outputs["pooled"])[0].any()


def test_a_backbone_without_a_vector_for_the_text_gives_the_mean():
    outputs = {key: np.asarray(value) for key, value in KerasHubTextEncoder(make_other())(TOKENS).items()}
    for row, length in ((0, 3), (1, 2), (3, 5)):
        mean = outputs["sequence"][row, :length].mean(axis=0)
        np.testing.assert_allclose(outputs["pooled"][row], mean, rtol=1e-5, atol=1e-6)


def test_says_what_it_can_read():
    encoder = KerasHubTextEncoder(make_bert())
    assert encoder.vocabulary_size == 9 and encoder.max_sequence_length == 10
    inputs = {name: keras.Input((None,), name=name, dtype="int32") for name in ("token_ids", "padding_mask")}
    plain = keras.Model(inputs, keras.layers.Embedding(9, 3)(inputs["token_ids"]))
    plain = KerasHubTextEncoder(plain)
    assert plain.vocabulary_size is None and plain.max_sequence_length is None
    assert tuple(plain(TOKENS)["pooled"].shape) == (4, 3)


def test_dropout_only_in_training():
    encoder = KerasHubTextEncoder(make_bert(dropout=0.5))
    first, again, dropped = (encoder(TOKENS, training=training)["pooled"] for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


def test_freezes_with_its_backbone():
    encoder = KerasHubTextEncoder(make_bert())
    encoder.trainable = False
    assert not encoder.backbone.trainable_weights
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(encoder))
    assert revived.weights and not revived.trainable_weights


def test_refuses_other_backbones():
    with pytest.raises(TypeError, match="built keras_hub.models.Backbone. Received: backbone='bert_tiny_en_uncased'"):
        KerasHubTextEncoder("bert_tiny_en_uncased")
    images = keras.Input((4, 4, 3))
    with pytest.raises(ValueError, match=r"inputs \['padding_mask', 'token_ids'\].*Received: \['KerasTensor'\]"):
        KerasHubTextEncoder(keras.Model(images, images))
    inputs = {name: keras.Input((None,), name=name) for name in ("token_ids", "padding_mask")}
    with pytest.raises(ValueError, match="gives the steps' vectors"):
        KerasHubTextEncoder(keras.Model(inputs, inputs["token_ids"]))
    with pytest.raises(ValueError, match="gives the steps' vectors"):
        KerasHubTextEncoder(keras.Model(inputs, {"pooled_output": inputs["token_ids"]}))


def test_says_what_to_install(monkeypatch):
    config = KerasHubTextEncoder(make_bert()).get_config()
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[kerashub\]"'):
        KerasHubTextEncoder.from_config(config)
