import numpy as np
import pytest

from kmm.fusion import BilinearFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


@pytest.mark.parametrize("activation, function", [("tanh", np.tanh), (None, lambda x: x)])
def test_equals_numpy(activation, function):
    fusion = BilinearFusion(filters=8, rank=7, activation=activation)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"]

    place = np.asarray(CoordinateMap()(FEATURES)) @ weights["place/kernel"]
    picture = function(block("projection", FEATURES) + place)
    pooled = (POOLED - POOLED.mean(-1, keepdims=True)) / np.sqrt(POOLED.var(-1, keepdims=True) + 1e-3)
    pooled = pooled * weights["pooled_norm/gamma"] + weights["pooled_norm/beta"]
    words = function(pooled @ weights["words/kernel"] + weights["words/bias"])
    words[2] = 1  # the empty prompt
    products = np.einsum("byxr,br->byxr", picture, words)
    expected = np.maximum(block("combine", products), 0)
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)


def test_refuses_a_rank_below_one():
    with pytest.raises(ValueError, match="rank must be positive. Received: rank=0"):
        BilinearFusion(filters=8, rank=0)
