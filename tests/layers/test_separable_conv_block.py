import numpy as np

from kmm.layers import SeparableConvBlock

FRESH = np.sqrt(1 + 1e-3)  # what fresh batch normalisation divides by


def test_equals_numpy():
    inputs = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype("float32")
    block = SeparableConvBlock(4, dilation_rate=2)
    outputs = block(inputs)
    kernel = block.depthwise.kernel.numpy()[..., 0]
    padded = np.pad(inputs, [(0, 0), (2, 2), (2, 2), (0, 0)])
    each = sum(padded[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 6] * kernel[i, j] for i in range(3) for j in range(3))
    each = np.maximum(each / FRESH, 0)
    expected = np.maximum(each @ block.pointwise.convolution.kernel.numpy()[0, 0] / FRESH, 0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_takes_fewer_weights_than_a_convolution():
    block = SeparableConvBlock(64)
    block.build((None, 8, 8, 64))
    kernels = [weight for weight in block.trainable_weights if len(weight.shape) == 4]
    assert sum(np.prod(kernel.shape) for kernel in kernels) == 9 * 64 + 64 * 64
