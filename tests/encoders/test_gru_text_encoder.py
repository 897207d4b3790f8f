import numpy as np
import pytest

from kmm.encoders import GRUTextEncoder

TOKEN_IDS = np.array([[5, 3, 7, 0, 0], [2, 8, 0, 0, 0], [0, 0, 0, 0, 0], [4, 6, 1, 3, 2]], "int32")
PADDING_MASK = TOKEN_IDS != 0
TOKENS = {"token_ids": TOKEN_IDS, "padding_mask": PADDING_MASK}


def make(**options):
    return GRUTextEncoder(vocabulary_size=9, embedding_dim=3, units=2, **options)


def numpy_gru(words, kernel, recurrent_kernel, bias):
    """All states of a GRU over the words of one prompt, `(length, units)`: gates z and r, the candidate reset after."""
    hidden, states = np.zeros(recurrent_kernel.shape[0]), []
    for word in words:
        z, r, candidate = np.split(word @ kernel + bias[0], 3)
        hidden_z, hidden_r, hidden_candidate = np.split(hidden @ recurrent_kernel + bias[1], 3)
        z, r = 1 / (1 + np.exp(-z - hidden_z)), 1 / (1 + np.exp(-r - hidden_r))
        hidden = z * hidden + (1 - z) * np.tanh(candidate + r * hidden_candidate)
        states.append(hidden)
    return np.array(states)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_equals_numpy(bidirectional, num_layers):
    encoder = make(bidirectional=bidirectional, num_layers=num_layers)
    random = np.random.default_rng(0)
    encoder.set_weights([random.normal(size=weight.shape) for weight in encoder.get_weights()])
    outputs = {key: np.asarray(value) for key, value in encoder(TOKENS).items()}
    embeddings, *weights = encoder.get_weights()
    size = 3 * (1 + bidirectional)
    for row in (0, 1, 3):
        x = embeddings[TOKEN_IDS[row, PADDING_MASK[row]]]
        for layer in range(num_layers):
            own = weights[layer * size : (layer + 1) * size]
            states = numpy_gru(x, *own[:3])
            pooled = states[-1]
            if bidirectional:
                backward = numpy_gru(x[::-1], *own[3:])
                states, pooled = np.concatenate([states, backward[::-1]], -1), np.append(pooled, backward[-1])
            x = states
        np.testing.assert_allclose(outputs["sequence"][row, : len(x)], x, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(outputs["pooled"][row], pooled, rtol=1e-4, atol=1e-5)
    assert not outputs["sequence"][~PADDING_MASK].any()
    np.testing.assert_array_equal(outputs["padding_mask"], PADDING_MASK)


def test_empty_prompt_gives_zeros():
    for options in ({}, {"bidirectional": True, "num_layers": 2}):
        outputs = make(**options)(TOKENS)
        assert not np.asarray(outputs["sequence"])[2].any() and not np.asarray(outputs["pooled"])[2].any()


def test_dropout_only_in_training():
    encoder = make(dropout=0.5)
    first, again, dropped = (encoder(TOKENS, training=training)["pooled"] for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


@pytest.mark.parametrize("name", ["vocabulary_size", "embedding_dim", "units", "num_layers"])
def test_refuses_sizes_that_are_not_positive(name):
    with pytest.raises(ValueError, match=f"Sizes must be positive. Received: .*{name}=0"):
        GRUTextEncoder(**{"vocabulary_size": 9, name: 0})
