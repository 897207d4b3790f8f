import numpy as np
import pytest

from kmm.fusion import SumFusion, WeightedSumFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(2, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(2, 4, 6)).astype("float32")
POOLED = random.normal(size=(2, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool)


@pytest.mark.parametrize("activation, function", [(None, lambda x: x), ("tanh", np.tanh)])
def test_equals_numpy(activation, function):
    fusion = WeightedSumFusion(filters=8, activation=activation)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    fusion.modality_weights.assign([0.7, -1.6])
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    picture = block("projection", FEATURES) + np.asarray(CoordinateMap()(FEATURES)) @ weights["place/kernel"]
    normalised = (POOLED - POOLED.mean(-1, keepdims=True)) / np.sqrt(POOLED.var(-1, keepdims=True) + 1e-3)
    words = normalised * weights["pooled_norm/gamma"] @ weights["words/kernel"]
    expected = block("combine", function(0.7 * picture - 1.6 * words[:, None, None]))
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)


def test_starts_as_the_plain_sum():
    arguments = (FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    fusion, plain = WeightedSumFusion(filters=8), SumFusion(filters=8)
    outputs, _ = fusion(*arguments), plain(*arguments)
    shared = {weight.path.split("/", 1)[1]: weight for weight in fusion.weights}
    for weight in plain.weights:
        weight.assign(shared[weight.path.split("/", 1)[1]])
    np.testing.assert_array_equal(plain(*arguments), outputs)
