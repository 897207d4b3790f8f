import numpy as np
import pytest

from kmm.layers import SinusoidalPositions


def test_equals_numpy():
    sequence = np.random.default_rng(0).normal(size=(1, 6, 4)).astype("float32")
    outputs = SinusoidalPositions()(sequence, np.ones((1, 6), bool))
    for place in range(6):
        waves = [np.sin(place), np.sin(place / 100), np.cos(place), np.cos(place / 100)]
        np.testing.assert_allclose(outputs[0, place], sequence[0, place] + waves, rtol=1e-5, atol=1e-6)


def test_only_real_words_are_counted():
    sequence = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    sequence[1, [1, 3, 4]] = sequence[0, :3]
    padding_mask = np.array([[True, True, True, False, False], [False, True, False, True, True]])
    outputs = SinusoidalPositions()(sequence, padding_mask).numpy()
    np.testing.assert_array_equal(outputs[1, [1, 3, 4]], outputs[0, :3])
    assert not outputs[~padding_mask].any()


def test_far_places_stay_apart_in_mixed_precision():
    layer = SinusoidalPositions(dtype="mixed_bfloat16")
    outputs = layer(np.zeros((1, 600, 64), "float32"), np.ones((1, 600), bool))
    expected = SinusoidalPositions()(np.zeros((1, 600, 64), "float32"), np.ones((1, 600), bool))
    np.testing.assert_allclose(np.asarray(outputs, "float32"), expected, atol=0.01)


def test_refuses_odd_sizes():
    with pytest.raises(ValueError, match=r"even size.* Received: sequence shape \(2, 5, 3\)"):
        SinusoidalPositions()(np.ones((2, 5, 3), "float32"), np.ones((2, 5), bool))
