import keras
import numpy as np
import pytest

from kmm.decoders import UNetDecoder


def test_enlarges_concatenates_convolves(pyramid):
    """Equal to the same steps by hand, over a gap: P6, then P4, then P3."""
    decoder = UNetDecoder(5, levels=("P3", "P4", "P6"), convolutions=2)
    outputs = decoder(pyramid)
    x = pyramid["P6"]
    for level, side in (("P6", 1), ("P4", 4), ("P3", 8)):
        if level != "P6":
            x = keras.ops.image.resize(x, (side, 2 * side), interpolation="bilinear")
            x = np.concatenate([pyramid[level], x], axis=-1)
        for block in decoder.blocks[level]:
            x = keras.ops.conv(x, block.convolution.kernel, padding="same") / np.sqrt(1 + 1e-3)
            x = np.maximum(x, 0)
    np.testing.assert_allclose(outputs, x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("levels", [("P6",), ("P1", "P6"), ("P1", "P2", "P3", "P4", "P5", "P6")])
def test_any_levels(pyramid, levels):
    outputs = UNetDecoder(4, levels, convolutions=1)(pyramid)
    assert tuple(outputs.shape) == (*pyramid[levels[0]].shape[:3], 4)


def test_refuses_no_convolutions():
    with pytest.raises(ValueError, match="at least one convolution.* Received: convolutions=0"):
        UNetDecoder(4, convolutions=0)
