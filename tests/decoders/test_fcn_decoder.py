import keras
import numpy as np
import pytest

from kmm.decoders import FCNDecoder

random = np.random.default_rng(0)
PYRAMID = {
    "P2": random.normal(size=(2, 16, 24, 2)).astype("float32"),
    "P3": random.normal(size=(2, 8, 12, 4)).astype("float32"),
    "P4": random.normal(size=(2, 4, 6, 6)).astype("float32"),
    "P5": random.normal(size=(2, 2, 3, 8)).astype("float32"),
}


def enlarge(x):
    return np.asarray(keras.ops.image.resize(x, (2 * x.shape[1], 2 * x.shape[2]), interpolation="bilinear"))


@pytest.mark.parametrize(
    "levels, size",
    [
        pytest.param(("P5",), (2, 3), id="FCN-32s"),
        pytest.param(("P4", "P5"), (4, 6), id="FCN-16s"),
        pytest.param(("P3", "P4", "P5"), (8, 12), id="FCN-8s"),
        pytest.param(("P2", "P5"), (16, 24), id="with a gap"),
    ],
)
def test_equals_numpy(levels, size):
    decoder = FCNDecoder(filters=5, levels=levels, refinements=0)
    outputs = decoder(PYRAMID)
    expected = 0.0
    for level in ("P5", "P4", "P3", "P2"):
        expected = enlarge(expected) if isinstance(expected, np.ndarray) else expected
        if level in levels:
            kernel = decoder.scores[level].convolution.kernel.numpy()[0, 0]
            expected = expected + PYRAMID[level] @ kernel / np.sqrt(1 + 1e-3)  # fresh batch normalisation
        if level == levels[0]:
            break
    assert tuple(outputs.shape) == (2, *size, 5)
    np.testing.assert_allclose(outputs, np.maximum(expected, 0), rtol=1e-4, atol=1e-4)


def test_refinements_follow_the_sum():
    plain, refined = FCNDecoder(5, refinements=0), FCNDecoder(5, refinements=2)
    plain(PYRAMID), refined(PYRAMID)
    for level, score in plain.scores.items():
        score.set_weights(refined.scores[level].get_weights())
    expected = plain(PYRAMID)
    for block in refined.blocks:
        expected = block(expected)
    np.testing.assert_allclose(refined(PYRAMID), expected, rtol=1e-5, atol=1e-6)


def test_refuses_features_without_a_level():
    with pytest.raises(ValueError, match=r"takes the levels \('P3', 'P4', 'P5'\); \['P3'\] are missing"):
        FCNDecoder(4)({level: PYRAMID[level] for level in ("P4", "P5")})
