import numpy as np
import pytest

from kmm.encoders import GRUTextEncoder, LSTMTextEncoder

TOKEN_IDS = np.array([[5, 3, 7, 0, 0], [2, 8, 0, 0, 0], [0, 0, 0, 0, 0], [4, 6, 1, 3, 2]], "int32")
PADDING_MASK = TOKEN_IDS != 0
TOKENS = {"token_ids": TOKEN_IDS, "padding_mask": PADDING_MASK}


@pytest.fixture(params=[LSTMTextEncoder, GRUTextEncoder])
def kind(request):
    return request.param


def make(kind, **options):
    return kind(vocabulary_size=9, embedding_dim=3, units=2, **options)


def numpy_lstm(words, kernel, recurrent_kernel, bias):
    """All states of an LSTM over the words of one prompt, `(length, units)`, gates in the order i, f, c, o."""
    hidden = cell = np.zeros(recurrent_kernel.shape[0])
    states = []
    for word in words:
        i, f, c, o = np.split(word @ kernel + hidden @ recurrent_kernel + bias, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        cell = f * cell + i * np.tanh(c)
        hidden = o * np.tanh(cell)
        states.append(hidden)
    return np.array(states).reshape(len(words), -1)


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


STATES = {LSTMTextEncoder: numpy_lstm, GRUTextEncoder: numpy_gru}


def expected_outputs(encoder, directions, layers):
    """Sequence and pooled vector of every prompt, padding cut off before the recurrence sees it."""
    embeddings, *weights = encoder.get_weights()
    states_of = STATES[type(encoder)]
    sequences, pooled = np.zeros((*TOKEN_IDS.shape, 2 * directions)), np.zeros((len(TOKEN_IDS), 2 * directions))
    for row, (ids, mask) in enumerate(zip(TOKEN_IDS, PADDING_MASK, strict=True)):
        x, length = embeddings[ids[mask]], mask.sum()
        if not length:
            continue
        for layer in range(layers):
            own = weights[layer * 3 * directions : (layer + 1) * 3 * directions]
            forward = states_of(x, *own[:3])
            ends = [forward[-1]]
            if directions == 2:
                backward = states_of(x[::-1], *own[3:])
                ends.append(backward[-1])
                forward = np.concatenate([forward, backward[::-1]], axis=-1)
            x = forward
        sequences[row, :length], pooled[row] = x, np.concatenate(ends)
    return sequences, pooled


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_equals_numpy(kind, bidirectional, num_layers):
    encoder = make(kind, bidirectional=bidirectional, num_layers=num_layers)
    random = np.random.default_rng(0)
    encoder.set_weights([random.normal(size=weight.shape) for weight in encoder.get_weights()])
    outputs = encoder(TOKENS)
    sequence, pooled = expected_outputs(encoder, 1 + bidirectional, num_layers)
    np.testing.assert_allclose(outputs["sequence"], sequence, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs["pooled"], pooled, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(outputs["padding_mask"], PADDING_MASK)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_never_counts(kind, bidirectional):
    encoder = make(kind, bidirectional=bidirectional)
    outputs = encoder(TOKENS)
    filled = encoder({"token_ids": np.where(PADDING_MASK, TOKEN_IDS, 8), "padding_mask": PADDING_MASK})
    longer = encoder({key: np.pad(value, [(0, 0), (0, 3)]) for key, value in TOKENS.items()})
    for other in (filled, longer):
        np.testing.assert_array_equal(other["pooled"], outputs["pooled"])
        np.testing.assert_array_equal(other["sequence"][:, :5], outputs["sequence"])
    assert not np.asarray(longer["sequence"])[:, 5:].any()


def test_pooled_is_the_state_at_the_last_real_word(kind):
    outputs = {key: np.asarray(value) for key, value in make(kind)(TOKENS).items()}
    for row, last in ((0, 2), (1, 1), (3, 4)):
        np.testing.assert_array_equal(outputs["pooled"][row], outputs["sequence"][row, last])
    assert outputs["pooled"][0].any()


def test_empty_prompt_gives_zeros(kind):
    for options in ({}, {"bidirectional": True, "num_layers": 2}):
        outputs = make(kind, **options)(TOKENS)
        assert not np.asarray(outputs["sequence"])[2].any() and not np.asarray(outputs["pooled"])[2].any()


def test_dropout_only_in_training(kind):
    encoder = make(kind, dropout=0.5)
    first, again, dropped = (encoder(TOKENS, training=training)["pooled"] for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


@pytest.mark.parametrize("name", ["vocabulary_size", "embedding_dim", "units", "num_layers"])
def test_refuses_sizes_that_are_not_positive(kind, name):
    with pytest.raises(ValueError, match=f"Sizes must be positive. Received: .*{name}=0"):
        kind(**{"vocabulary_size": 9, name: 0})
