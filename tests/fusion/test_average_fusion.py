import numpy as np

from kmm.fusion import AverageFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(2, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(2, 4, 6)).astype("float32")
POOLED = random.normal(size=(2, 6)).astype("float32")
PADDING_MASK = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], bool)


def test_equals_numpy():
    fusion = AverageFusion(filters=8)
    fusion.build(FEATURES.shape, SEQUENCE.shape, POOLED.shape, PADDING_MASK.shape)
    for weight in fusion.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in fusion.weights}

    def block(name, inputs):
        outputs = inputs @ weights[f"{name}/convolution/kernel"][0, 0] / np.sqrt(1 + 1e-3)
        return np.maximum(outputs * weights[f"{name}/norm/gamma"] + weights[f"{name}/norm/beta"], 0)

    picture = block("projection", FEATURES) + np.asarray(CoordinateMap()(FEATURES)) @ weights["place/kernel"]
    normalised = (POOLED - POOLED.mean(-1, keepdims=True)) / np.sqrt(POOLED.var(-1, keepdims=True) + 1e-3)
    words = normalised * weights["pooled_norm/gamma"] @ weights["words/kernel"]
    average = picture.copy()  # the empty prompt leaves the picture alone, at its full scale
    average[0] = (picture[0] + words[0]) / 2
    expected = block("combine", average)
    np.testing.assert_allclose(fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK), expected, rtol=1e-4, atol=1e-4)
