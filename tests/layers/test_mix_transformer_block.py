import keras
import numpy as np
import pytest

from kmm.layers import MixTransformerBlock

random = np.random.default_rng(0)


def normalize(x, norm):
    gamma, beta = norm.get_weights()
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + norm.epsilon) * gamma + beta


def attend(queries, keys, attention):
    """Multi-head attention, `(batch, cells, channels)` each."""
    parts = (attention.query_dense, attention.key_dense, attention.value_dense, attention.output_dense)
    (wq, bq), (wk, bk), (wv, bv), (wo, bo) = (part.get_weights() for part in parts)
    q = np.einsum("btd,dhe->bhte", queries, wq) + bq[:, None]
    k = np.einsum("btd,dhe->bhte", keys, wk) + bk[:, None]
    v = np.einsum("btd,dhe->bhte", keys, wv) + bv[:, None]
    scores = np.exp(q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1]))
    return np.einsum("bhte,hed->btd", scores / scores.sum(-1, keepdims=True) @ v, wo) + bo


@pytest.mark.parametrize("reduction", [1, 2])
def test_equals_numpy(reduction):
    inputs = random.normal(size=(2, 4, 6, 4)).astype("float32")
    block = MixTransformerBlock(num_heads=2, reduction=reduction, expansion=2)
    block.build(inputs.shape)
    block.set_weights([random.normal(scale=0.3, size=weight.shape) for weight in block.get_weights()])
    seen = cells = normalize(inputs, block.attention_norm)
    if reduction == 2:
        kernel, bias = block.reduce.get_weights()
        squares = cells.reshape(2, 2, 2, 3, 2, 4)
        seen = normalize(np.einsum("bhiwjc,ijcd->bhwd", squares, kernel) + bias, block.reduced_norm)
    read = attend(cells.reshape(2, 24, 4), seen.reshape(2, -1, 4), block.attention)
    x = inputs + read.reshape(inputs.shape)
    expand, expand_bias = block.expand.get_weights()
    hidden = normalize(x, block.expand_norm) @ expand + expand_bias
    kernel, bias = block.mix.get_weights()
    padded = np.pad(hidden, [(0, 0), (1, 1), (1, 1), (0, 0)])
    hidden = sum(padded[:, i : i + 4, j : j + 6] * kernel[i, j, :, 0] for i in range(3) for j in range(3)) + bias
    shrink, shrink_bias = block.shrink.get_weights()
    expected = x + np.asarray(keras.ops.gelu(hidden)) @ shrink + shrink_bias
    np.testing.assert_allclose(block(inputs), expected, rtol=1e-3, atol=1e-3)


def test_every_cell_sees_the_whole_map():
    block = MixTransformerBlock(num_heads=1, reduction=4)
    inputs = random.normal(size=(1, 8, 8, 4)).astype("float32")
    changed = inputs.copy()
    changed[0, 7, 7, 0] += 1.0
    assert np.abs(np.asarray(block(inputs))[0, 0, 0] - np.asarray(block(changed))[0, 0, 0]).max() > 1e-6


def test_maps_smaller_than_the_reduction():
    assert MixTransformerBlock(num_heads=1, reduction=8)(np.ones((1, 3, 2, 4), "float32")).shape == (1, 3, 2, 4)


def test_dropout_only_in_training():
    inputs = random.normal(size=(2, 4, 4, 4)).astype("float32")
    block = MixTransformerBlock(2, dropout=0.5)
    first, again, dropped = (np.asarray(block(inputs, training=training)) for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


@pytest.mark.parametrize("num_heads", [0, 4])
def test_refuses_heads_that_do_not_divide(num_heads):
    with pytest.raises(ValueError, match=f"divisible by num_heads. Received: channels=6, num_heads={num_heads}"):
        MixTransformerBlock(num_heads)(np.ones((2, 4, 4, 6), "float32"))
