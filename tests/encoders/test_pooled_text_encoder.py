import numpy as np
import pytest

from kmm.encoders import PooledTextEncoder

TOKEN_IDS = np.array([[5, 3, 7, 0], [2, 8, 0, 0], [0, 0, 0, 0]], "int32")
TOKENS = {"token_ids": TOKEN_IDS, "padding_mask": TOKEN_IDS != 0}


def test_equals_numpy():
    encoder = PooledTextEncoder(vocabulary_size=9, embedding_dim=3, units=4)
    random = np.random.default_rng(0)
    encoder.set_weights([random.normal(size=weight.shape) for weight in encoder.get_weights()])
    embeddings, kernel, bias = encoder.get_weights()
    words = np.tanh(embeddings[TOKEN_IDS] @ kernel + bias) * TOKENS["padding_mask"][:, :, None]
    outputs = encoder(TOKENS)
    np.testing.assert_allclose(outputs["sequence"], words, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["pooled"], words.sum(1) / [[3], [2], [1]], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(outputs["padding_mask"], TOKENS["padding_mask"])


def test_order_does_not_count():
    encoder = PooledTextEncoder(vocabulary_size=9, embedding_dim=3, units=4)
    swapped = encoder({**TOKENS, "token_ids": TOKEN_IDS[:, [1, 0, 2, 3]]})
    np.testing.assert_allclose(swapped["pooled"], encoder(TOKENS)["pooled"], rtol=1e-5, atol=1e-6)


def test_empty_prompt_gives_zeros():
    outputs = PooledTextEncoder(vocabulary_size=9)(TOKENS)
    assert not np.asarray(outputs["sequence"])[2].any() and not np.asarray(outputs["pooled"])[2].any()


def test_dropout_only_in_training():
    encoder = PooledTextEncoder(vocabulary_size=9, dropout=0.5)
    first, again, dropped = (encoder(TOKENS, training=training)["pooled"] for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


@pytest.mark.parametrize("name", ["vocabulary_size", "embedding_dim", "units"])
def test_refuses_sizes_that_are_not_positive(name):
    with pytest.raises(ValueError, match=f"Sizes must be positive. Received: .*{name}=0"):
        PooledTextEncoder(**{"vocabulary_size": 9, name: 0})
