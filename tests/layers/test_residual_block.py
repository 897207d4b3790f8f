import numpy as np
import pytest

from kmm.layers import ResidualBlock


@pytest.mark.parametrize("normalization", [True, False])
def test_shape_and_weights(normalization):
    block = ResidualBlock(normalization)
    assert block(np.ones((2, 5, 7, 6), "float32")).shape == (2, 5, 7, 6)
    assert len(block.trainable_weights) == (6 if normalization else 4)


def test_without_its_convolutions_it_is_the_shortcut():
    inputs = np.random.default_rng(0).normal(size=(2, 5, 7, 6)).astype("float32")
    block = ResidualBlock(normalization=False)
    block.build(inputs.shape)
    block.set_weights([np.zeros_like(weight) for weight in block.get_weights()])
    np.testing.assert_array_equal(block(inputs), np.maximum(inputs, 0))


def test_value():
    inputs = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype("float32")
    block = ResidualBlock()
    outputs = np.asarray(block(inputs))
    branch = np.asarray(block.second(block.first(inputs)))
    np.testing.assert_allclose(outputs, np.maximum(inputs + branch, 0), rtol=1e-6)
    assert (branch < 0).any(), "no activation before the sum"
