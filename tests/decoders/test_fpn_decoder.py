import keras
import numpy as np
import pytest

from kmm.decoders import FPNDecoder

FRESH = np.sqrt(1 + 1e-3)  # what fresh batch normalisation divides by


def test_top_down_path_and_sum(pyramid):
    """Equal to the same steps by hand, over a gap: P6, then P4, then P3."""
    decoder = FPNDecoder(5, levels=("P3", "P4", "P6"))
    outputs = decoder(pyramid)

    def enlarge(x, side):
        return np.asarray(keras.ops.image.resize(x, (side, 2 * side), interpolation="bilinear"))

    path = total = 0.0
    for level, side in (("P6", 1), ("P4", 4), ("P3", 8)):
        path = path if level == "P6" else enlarge(path, side)
        lateral = decoder.laterals[level].convolution.kernel.numpy()[0, 0] / np.float32(FRESH)
        path = np.asarray(path + pyramid[level] @ lateral, "float32")
        smooth = keras.ops.conv(path, decoder.smooths[level].convolution.kernel, padding="same")
        total = np.maximum(smooth / FRESH, 0) + (total if level == "P6" else enlarge(total, side))
    np.testing.assert_allclose(outputs, total, rtol=1e-4, atol=1e-4)


def test_refinements_follow_the_sum(pyramid):
    plain, refined = FPNDecoder(5), FPNDecoder(5, refinements=2)
    plain(pyramid), refined(pyramid)
    plain.set_weights(refined.get_weights()[: len(plain.weights)])
    expected = plain(pyramid)
    for block in refined.blocks:
        expected = block(expected)
    np.testing.assert_allclose(refined(pyramid), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("levels", [("P6",), ("P1", "P6"), ("P1", "P2", "P3", "P4", "P5", "P6")])
def test_any_levels(pyramid, levels):
    assert tuple(FPNDecoder(4, levels)(pyramid).shape) == (*pyramid[levels[0]].shape[:3], 4)
