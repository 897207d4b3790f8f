import numpy as np
import pytest

from kmm.fusion import GatedFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def built():
    fusion = GatedFusion(filters=8)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return fusion


def test_equals_numpy():
    fusion = built()
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"]

    picture = block("projection", FEATURES) + np.asarray(CoordinateMap()(FEATURES)) @ weights["place/kernel"]
    pooled = (POOLED - POOLED.mean(-1, keepdims=True)) / np.sqrt(POOLED.var(-1, keepdims=True) + 1e-3)
    pooled = pooled * weights["pooled_norm/gamma"] + weights["pooled_norm/beta"]
    words = np.tanh(pooled @ weights["words/kernel"] + weights["words/bias"])
    both = np.concatenate([picture, np.tile(pooled[:, None, None], (1, 3, 4, 1))], axis=-1)
    kernel = np.concatenate([weights["picture_gate/kernel"], weights["words_gate/kernel"]])  # one layer over both
    gate = 1 / (1 + np.exp(-(both @ kernel + weights["words_gate/bias"])))
    gate[2] = 0  # the empty prompt
    expected = np.maximum(block("combine", gate * words[:, None, None] + (1 - gate) * np.tanh(picture)), 0)
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bias, which", [(-1e3, "pooled"), (1e3, "features")])
def test_an_open_gate_hides_the_picture_and_a_shut_one_the_words(bias, which):
    fusion = built()
    fusion.words_gate.bias.assign(np.full(8, bias))
    outputs = np.asarray(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK))[:2]
    features, pooled = (FEATURES, -POOLED) if which == "pooled" else (-FEATURES, POOLED)
    np.testing.assert_array_equal(fusion(features, SEQUENCE, pooled, PADDING_MASK)[:2], outputs)
