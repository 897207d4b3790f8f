import numpy as np
import pytest

from kmm.fusion import CrossAttentionFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def built(dtype=None):
    """With weights off their initial values: biases and gates start at zero."""
    fusion = CrossAttentionFusion(filters=8, num_heads=2, dtype=dtype)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return fusion


def test_equals_numpy():
    fusion = built()
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    def heads(name, inputs):
        kernel, bias = weights[f"attention/{name}/kernel"], weights[f"attention/{name}/bias"]
        return np.einsum("...d,dhk->...hk", inputs, kernel) + bias

    normalised = (SEQUENCE - SEQUENCE.mean(-1, keepdims=True)) / np.sqrt(SEQUENCE.var(-1, keepdims=True) + 1e-3)
    sequence = normalised * weights["sequence_norm/gamma"] + weights["sequence_norm/beta"]
    x = block("projection", FEATURES)
    query = x + np.asarray(CoordinateMap()(x)) @ weights["place/kernel"]
    scores = np.einsum("byxhk,blhk->byxhl", heads("query", query), heads("key", sequence)) / np.sqrt(4)
    attention = np.exp(scores) * PADDING_MASK[:, None, None, None]
    attention = attention / np.maximum(attention.sum(-1, keepdims=True), 1e-9)
    words = np.einsum("byxhl,blhk->byxhk", attention, heads("value", sequence))
    kernel, bias = weights["attention/attention_output/kernel"], weights["attention/attention_output/bias"]
    words = np.einsum("byxhk,hkd->byxd", words, kernel) + bias
    read = block("combine", x * words)
    expected = x + np.tanh(read @ weights["gate/kernel"] + weights["gate/bias"]) * read
    expected[2] = x[2]  # the empty prompt
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padded_words_are_never_attended_to(dtype):
    fusion = built(dtype)
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), "float32")
    for replacement in (0.0, 1e4):
        changed = np.where(PADDING_MASK[..., None], SEQUENCE, np.float32(replacement))
        again = np.asarray(fusion(FEATURES, changed, POOLED, PADDING_MASK), "float32")
        np.testing.assert_array_equal(again, outputs)
    real = np.asarray(fusion(FEATURES, -SEQUENCE, POOLED, PADDING_MASK), "float32")
    assert not np.allclose(real[:2], outputs[:2])
    np.testing.assert_array_equal(real[2], outputs[2])


def test_empty_prompt_leaves_the_projected_picture():
    fusion = built()
    outputs = fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    np.testing.assert_array_equal(outputs[2], fusion.projection(FEATURES)[2])


def test_does_not_read_the_sentence_vector():
    fusion = built()
    outputs = fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    np.testing.assert_array_equal(fusion(FEATURES, SEQUENCE, -POOLED, PADDING_MASK), outputs)


def test_refuses_heads_that_do_not_divide_the_filters():
    with pytest.raises(ValueError, match="Received: filters=8, num_heads=3"):
        CrossAttentionFusion(filters=8, num_heads=3)
