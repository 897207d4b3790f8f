import numpy as np

from kmm.fusion import FiLMFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(3, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(3, 4, 6)).astype("float32")
POOLED = random.normal(size=(3, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def test_equals_numpy():
    fusion = FiLMFusion(filters=8)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"]

    picture = block("projection", FEATURES) + np.asarray(CoordinateMap()(FEATURES)) @ weights["place/kernel"]
    pooled = (POOLED - POOLED.mean(-1, keepdims=True)) / np.sqrt(POOLED.var(-1, keepdims=True) + 1e-3)
    pooled = pooled * weights["pooled_norm/gamma"] + weights["pooled_norm/beta"]
    modulation = (pooled @ weights["modulation/kernel"] + weights["modulation/bias"])[:, None, None]
    modulated = picture * (1 + modulation[..., :8]) + modulation[..., 8:]
    modulated[2] = picture[2]  # the empty prompt neither scales nor shifts
    expected = np.maximum(block("combine", np.maximum(modulated, 0)), 0)
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)
