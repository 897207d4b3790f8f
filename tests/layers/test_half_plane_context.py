import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import keras
import numpy as np
import pytest

from kmm.layers import HalfPlaneContext


def expected_context(inputs):
    """The strongest response in each half-plane, cell by cell; zero where the half-plane holds no cell."""
    quarter = inputs.shape[-1] // 4
    left, right, above, below = (inputs[..., i * quarter : (i + 1) * quarter] for i in range(4))
    outputs = np.zeros_like(inputs)
    for y in range(inputs.shape[1]):
        for x in range(inputs.shape[2]):
            half_planes = left[:, :, :x], right[:, :, x + 1 :], above[:, :y], below[:, y + 1 :]
            outputs[:, y, x] = np.concatenate([part.max((1, 2), initial=0) for part in half_planes], axis=-1)
    return outputs


@hypothesis.given(
    hypothesis.extra.numpy.arrays(
        "float32",
        st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(1, 9), st.sampled_from((4, 8))),
        elements=st.integers(0, 9).map(float),
    )
)
@hypothesis.settings(max_examples=25, deadline=None)
def test_equals_brute_force(inputs):
    np.testing.assert_array_equal(HalfPlaneContext()(inputs), expected_context(inputs))


def test_refuses_channels_that_are_not_divisible_by_4():
    with pytest.raises(ValueError, match=r"divisible by 4, .*Received: input_shape=\(1, 4, 4, 6\)"):
        HalfPlaneContext()(np.ones((1, 4, 4, 6)))


def test_refuses_unknown_sizes():
    with pytest.raises(ValueError, match=r"height and width must be known. Received: input_shape=\(None, None, 4, 8\)"):
        HalfPlaneContext()(keras.Input((None, 4, 8)))
