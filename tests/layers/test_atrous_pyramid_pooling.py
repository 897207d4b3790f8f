import numpy as np
import pytest

from kmm.layers import AtrousPyramidPooling

inputs = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype("float32")


def test_joins_all_branches():
    pooling = AtrousPyramidPooling(5, rates=(1, 2))
    outputs = pooling(inputs)
    whole = inputs.mean((1, 2), keepdims=True) @ pooling.whole.kernel.numpy()
    seen = [np.asarray(branch(inputs)) for branch in (pooling.point, *pooling.branches)]
    seen.append(np.broadcast_to(whole, (2, 4, 6, 5)))
    kernel = pooling.project.convolution.kernel.numpy()[0, 0]
    expected = np.maximum(np.concatenate(seen, axis=-1) @ kernel / np.sqrt(1 + 1e-3), 0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "size, expected", [((4, 6), [2, 3, 3]), ((20, None), [2, 6, 18]), ((None, None), [2, 6, 18]), ((1, 1), [1, 1, 1])]
)
def test_rates_shrink_to_the_map(size, expected):
    pooling = AtrousPyramidPooling(5, rates=(2, 6, 18))
    pooling.build((None, *size, 3))
    assert [branch.dilation_rate for branch in pooling.branches] == expected
    assert pooling.get_config()["rates"] == (2, 6, 18)


def test_smallest_map():
    assert AtrousPyramidPooling(5)(inputs[:, :1, :1]).shape == (2, 1, 1, 5)


def test_refuses_rates_that_are_not_positive():
    with pytest.raises(ValueError, match=r"Rates must be positive. Received: rates=\(6, 0\)"):
        AtrousPyramidPooling(5, rates=(6, 0))
