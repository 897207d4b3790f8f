import math

import numpy as np
import pytest

from kmm.fusion import SelfAttentionFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def built(**arguments):
    """With weights off their initial values: biases start at zero."""
    fusion = SelfAttentionFusion(filters=8, num_heads=2, **arguments)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return fusion


@pytest.mark.parametrize("num_layers", [1, 2])
def test_equals_numpy(num_layers):
    fusion = built(num_layers=num_layers)
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def dense(name, inputs):
        return inputs @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    def normalise(name, inputs):
        inputs = (inputs - inputs.mean(-1, keepdims=True)) / np.sqrt(inputs.var(-1, keepdims=True) + 1e-3)
        return inputs * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def heads(name, inputs):
        return np.einsum("btd,dhk->bthk", inputs, weights[f"{name}/kernel"]) + weights[f"{name}/bias"]

    def gelu(inputs):
        return inputs * (1 + np.vectorize(math.erf)(inputs / np.sqrt(2))) / 2

    x = block("projection", FEATURES)
    x = (x + np.asarray(CoordinateMap()(x)) @ weights["place/kernel"]).reshape(3, 12, 8)
    x = np.concatenate([x, dense("words", normalise("sequence_norm", SEQUENCE))], axis=1)
    seen = np.concatenate([np.ones((3, 12)), PADDING_MASK], axis=1)
    for layer in range(1, num_layers + 1):
        tokens = normalise(f"attention_norm{layer}", x)
        query, key, value = (heads(f"attention{layer}/{name}", tokens) for name in ("query", "key", "value"))
        attention = np.exp(np.einsum("bqhk,bthk->bhqt", query, key) / np.sqrt(4)) * seen[:, None, None]
        attention = attention / attention.sum(-1, keepdims=True)
        read = np.einsum("bhqt,bthk->bqhk", attention, value)
        name = f"attention{layer}/attention_output"
        x = x + np.einsum("bqhk,hkd->bqd", read, weights[f"{name}/kernel"]) + weights[f"{name}/bias"]
        hidden = gelu(dense(f"expansion{layer}", normalise(f"update_norm{layer}", x)))
        x = x + dense(f"update{layer}", hidden)
    expected = block("combine", x[:, :12].reshape(3, 3, 4, 8))
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padded_words_are_never_attended_to(dtype):
    fusion = built(num_layers=2, dtype=dtype)
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), "float32")
    for replacement in (0.0, 1e4):
        changed = np.where(PADDING_MASK[..., None], SEQUENCE, np.float32(replacement))
        again = np.asarray(fusion(FEATURES, changed, POOLED, PADDING_MASK), "float32")
        np.testing.assert_array_equal(again, outputs)
    real = np.asarray(fusion(FEATURES, -SEQUENCE, POOLED, PADDING_MASK), "float32")
    assert not np.allclose(real[:2], outputs[:2])
    np.testing.assert_array_equal(real[2], outputs[2])


def test_pixels_see_each_other():
    fusion = built()
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    changed = FEATURES.copy()
    changed[:, 0, 0] += 1
    elsewhere = np.abs(np.asarray(fusion(changed, SEQUENCE, POOLED, PADDING_MASK)) - outputs)[:, 1:]
    assert (elsewhere.max(axis=(1, 2, 3)) > 1e-4).all()


def test_dropout_acts_in_training_only():
    fusion = built(dropout=0.5)
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))
    np.testing.assert_array_equal(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK, training=False), outputs)
    first, second = (np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK, training=True)) for _ in range(2))
    assert not np.allclose(first, second)


@pytest.mark.parametrize("arguments", [{"num_heads": 3}, {"num_heads": 0}, {"num_layers": 0}])
def test_errors(arguments):
    received = ", ".join(f"{key}={value}" for key, value in {"num_heads": 4, "num_layers": 1, **arguments}.items())
    with pytest.raises(ValueError, match=f"divisible by num_heads.*Received: filters=8, {received}"):
        SelfAttentionFusion(filters=8, **arguments)
