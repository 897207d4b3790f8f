import numpy as np

from kmm.layers import MaskedMean

PADDING_MASK = np.array([[True, False, True, False], [False, True, False, False], [False] * 4])


def test_equals_numpy():
    sequence = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    expected = [sequence[0, [0, 2]].mean(0), sequence[1, 1], np.zeros(5)]
    np.testing.assert_allclose(MaskedMean()(sequence, PADDING_MASK), expected, rtol=1e-6)


def test_long_prompts_keep_their_precision():
    """A sum in bfloat16 would stop growing at 256."""
    mean = MaskedMean(dtype="mixed_bfloat16")(np.ones((1, 2000, 1), "float32"), np.ones((1, 2000), bool))
    assert mean.dtype == "bfloat16" and float(mean[0, 0]) == 1.0
