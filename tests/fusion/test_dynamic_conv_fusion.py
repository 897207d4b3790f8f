import numpy as np
import pytest

from kmm.fusion import DynamicConvFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def test_equals_numpy():
    fusion = DynamicConvFusion(filters=8, num_kernels=3)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    picture = block("projection", FEATURES) + np.asarray(CoordinateMap()(FEATURES)) @ weights["place/kernel"]
    pooled = (POOLED - POOLED.mean(-1, keepdims=True)) / np.sqrt(POOLED.var(-1, keepdims=True) + 1e-3)
    pooled = pooled * weights["pooled_norm/gamma"] + weights["pooled_norm/beta"]
    kernels = np.tanh(pooled @ weights["kernels/kernel"] + weights["kernels/bias"]) / np.sqrt(8)
    responses = np.zeros((3, 3, 4, 3))
    for sample in range(2):  # the third prompt is empty and finds nothing
        responses[sample] = picture[sample] @ kernels[sample].reshape(8, 3)
    expected = block("combine", np.concatenate([picture, responses], axis=-1))
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)


def test_refuses_less_than_one_kernel():
    with pytest.raises(ValueError, match="num_kernels must be positive. Received: num_kernels=0"):
        DynamicConvFusion(filters=8, num_kernels=0)
