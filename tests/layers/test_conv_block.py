import numpy as np
import pytest

from kmm.layers import ConvBlock


@pytest.mark.parametrize("strides, size", [(1, (5, 7)), (2, (3, 4)), (3, (2, 3))])
def test_shape(strides, size):
    block = ConvBlock(6, kernel_size=3, strides=strides)
    assert block(np.ones((2, 5, 7, 3), "float32")).shape == (2, *size, 6)
    assert block.compute_output_shape((None, 5, 7, 3)) == (None, *size, 6)


def test_value_of_a_plain_block():
    inputs = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    block = ConvBlock(5, kernel_size=1, normalization=False)
    block.build(inputs.shape)
    kernel, bias = block.get_weights()
    bias = np.linspace(-1, 1, 5, dtype="float32")
    block.set_weights([kernel, bias])
    np.testing.assert_allclose(block(inputs), np.maximum(inputs @ kernel[0, 0] + bias, 0), rtol=1e-5, atol=1e-5)


def test_normalisation_replaces_the_bias():
    inputs = 100 + np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")
    block = ConvBlock(5, activation=None)
    outputs = np.asarray(block(inputs, training=True))
    np.testing.assert_allclose(outputs.mean((0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(outputs.std((0, 1, 2)), 1, atol=1e-2)
    assert not block.convolution.use_bias and (np.asarray(ConvBlock(5)(inputs, training=True)) >= 0).all()
