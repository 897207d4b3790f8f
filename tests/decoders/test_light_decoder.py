import keras
import numpy as np
import pytest

from kmm.decoders import LightDecoder

FRESH = np.sqrt(1 + 1e-3)  # what fresh batch normalisation divides by


def test_equals_numpy(pyramid):
    decoder = LightDecoder(5, levels=("P3", "P5"))
    outputs = decoder(pyramid)

    def project(x, block):
        return x @ block.convolution.kernel.numpy()[0, 0] / FRESH

    coarsest = pyramid["P5"]
    kernel, bias = decoder.weigh.get_weights()
    weights = 1 / (1 + np.exp(-(coarsest.mean((1, 2), keepdims=True) @ kernel + bias)))
    x = project(np.maximum(project(coarsest, decoder.project), 0) * weights, decoder.scores["P5"])
    x = keras.ops.image.resize(x.astype("float32"), (8, 16), interpolation="bilinear").numpy()
    expected = np.maximum(x + project(pyramid["P3"], decoder.scores["P3"]), 0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_only_1x1_convolutions(pyramid):
    decoder = LightDecoder(5, levels=("P2", "P3", "P4", "P5"))
    decoder(pyramid)
    assert all(weight.shape[:2] == (1, 1) for weight in decoder.weights if len(weight.shape) == 4)


@pytest.mark.parametrize("levels", [("P6",), ("P1", "P6"), ("P1", "P2", "P3", "P4", "P5", "P6")])
def test_any_levels(pyramid, levels):
    assert tuple(LightDecoder(4, levels)(pyramid).shape) == (*pyramid[levels[0]].shape[:3], 4)
