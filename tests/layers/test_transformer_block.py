import keras
import numpy as np
import pytest

from kmm.layers import TransformerBlock

random = np.random.default_rng(0)


def normalize(x, norm):
    gamma, beta = norm.get_weights()
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + norm.epsilon) * gamma + beta


def attend(queries, keys, attention):
    """Multi-head attention of one sample: `(steps, dim)` each."""
    parts = (attention.query_dense, attention.key_dense, attention.value_dense, attention.output_dense)
    (wq, bq), (wk, bk), (wv, bv), (wo, bo) = (part.get_weights() for part in parts)
    q, k, v = (
        np.einsum("td,dhe->hte", x, w) + b[:, None] for x, w, b in ((queries, wq, bq), (keys, wk, bk), (keys, wv, bv))
    )
    scores = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]))
    return np.einsum("hte,hed->td", scores / scores.sum(-1, keepdims=True) @ v, wo) + bo


def test_equals_numpy_without_the_padding():
    sequence = random.normal(size=(2, 5, 6)).astype("float32")
    padding_mask = np.array([[True, True, True, False, False], [True, False, True, True, False]])
    block = TransformerBlock(num_heads=3, expansion=2)
    block.build(sequence.shape, padding_mask.shape)
    block.set_weights([random.normal(scale=0.5, size=weight.shape) for weight in block.get_weights()])
    outputs = np.asarray(block(sequence, padding_mask))
    for row in range(2):
        x = sequence[row, padding_mask[row]].astype("float64")
        steps = normalize(x, block.attention_norm)
        x = x + attend(steps, steps, block.attention)
        (expand, expand_bias), (shrink, shrink_bias) = block.expand.get_weights(), block.shrink.get_weights()
        hidden = np.asarray(keras.ops.gelu(normalize(x, block.expand_norm) @ expand + expand_bias))
        x = x + hidden @ shrink + shrink_bias
        np.testing.assert_allclose(outputs[row, padding_mask[row]], x, rtol=1e-4, atol=1e-4)
        assert not outputs[row, ~padding_mask[row]].any()


def test_dropout_only_in_training():
    inputs = random.normal(size=(2, 4, 8)).astype("float32"), np.ones((2, 4), bool)
    block = TransformerBlock(2, dropout=0.5)
    first, again, dropped = (np.asarray(block(*inputs, training=training)) for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


@pytest.mark.parametrize("num_heads", [0, 4])
def test_refuses_heads_that_do_not_divide(num_heads):
    with pytest.raises(ValueError, match=f"divisible by num_heads. Received: dim=6, num_heads={num_heads}"):
        TransformerBlock(num_heads)(np.ones((2, 4, 6), "float32"), np.ones((2, 4), bool))
