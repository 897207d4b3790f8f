import keras
import numpy as np
import pytest

from kmm.decoders import DeepLabV3PlusDecoder


def test_pools_enlarges_joins_refines(pyramid):
    decoder = DeepLabV3PlusDecoder(5, levels=("P2", "P4"), rates=(1, 3), low_level_filters=3)
    outputs = decoder(pyramid)
    x = keras.ops.image.resize(decoder.pooling(pyramid["P4"]), (16, 32), interpolation="bilinear")
    kernel = decoder.reductions["P2"].convolution.kernel.numpy()[0, 0]
    detail = np.maximum(pyramid["P2"] @ kernel / np.sqrt(1 + 1e-3), 0)
    x = np.concatenate([x, detail], axis=-1)
    for block in decoder.refinements["P2"]:
        x = block(x)
    np.testing.assert_allclose(outputs, x, rtol=1e-4, atol=1e-5)


def test_every_level_counts(pyramid):
    levels = ("P2", "P3", "P5")
    decoder = DeepLabV3PlusDecoder(4, levels)
    outputs = np.asarray(decoder(pyramid))
    for level in levels:
        changed = {**pyramid, level: pyramid[level][::-1]}
        assert not np.allclose(decoder(changed), outputs)


@pytest.mark.parametrize("levels", [("P6",), ("P1", "P6"), ("P2", "P3", "P4")])
def test_any_levels(pyramid, levels):
    assert tuple(DeepLabV3PlusDecoder(4, levels)(pyramid).shape) == (*pyramid[levels[0]].shape[:3], 4)


def test_refuses_rates_that_are_not_positive():
    with pytest.raises(ValueError, match=r"Rates must be positive. Received: rates=\(0,\)"):
        DeepLabV3PlusDecoder(4, rates=(0,))
