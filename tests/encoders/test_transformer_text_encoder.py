import numpy as np
import pytest

from kmm.encoders import TransformerTextEncoder

TOKEN_IDS = np.array([[5, 3, 7, 0, 0], [2, 8, 0, 0, 0], [0, 0, 0, 0, 0], [4, 6, 1, 3, 2]], "int32")
PADDING_MASK = TOKEN_IDS != 0
TOKENS = {"token_ids": TOKEN_IDS, "padding_mask": PADDING_MASK}


def make(**options):
    return TransformerTextEncoder(**{"vocabulary_size": 9, "embedding_dim": 4, "num_heads": 2, **options})


def test_equals_its_layers_one_after_another():
    encoder = make(num_layers=2)
    outputs = {key: np.asarray(value) for key, value in encoder(TOKENS).items()}
    for row in (0, 1, 3):
        ids = TOKEN_IDS[row : row + 1, PADDING_MASK[row]]
        real = np.ones(ids.shape, bool)
        x = encoder.get_layer("positions")(encoder.get_layer("embedding").embeddings.numpy()[ids], real)
        for name in ("block1", "block2"):
            x = encoder.get_layer(name)(x, real)
        x = np.asarray(encoder.get_layer("norm")(x))[0]
        np.testing.assert_allclose(outputs["sequence"][row, : len(x)], x, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(outputs["pooled"][row], x.mean(0), rtol=1e-4, atol=1e-5)
    assert not outputs["sequence"][~PADDING_MASK].any()
    np.testing.assert_array_equal(outputs["padding_mask"], PADDING_MASK)


def test_order_counts():
    encoder = make()
    swapped = encoder({**TOKENS, "token_ids": TOKEN_IDS[:, [1, 0, 2, 3, 4]]})
    assert np.abs(np.asarray(swapped["pooled"] - encoder(TOKENS)["pooled"]))[[0, 1, 3]].max(-1).min() > 1e-3


def test_padding_never_counts_wherever_it_stands():
    encoder = make()
    expected = np.asarray(encoder(TOKENS)["pooled"])[0]
    token_ids = np.array([[0, 5, 0, 3, 0, 0, 7]])
    found = encoder({"token_ids": np.where(token_ids, token_ids, 8), "padding_mask": token_ids != 0})
    np.testing.assert_allclose(found["pooled"][0], expected, rtol=1e-4, atol=1e-5)


def test_empty_prompt_gives_zeros():
    encoder = make()
    encoder.get_layer("norm").beta.assign(np.ones(4))
    outputs = encoder(TOKENS)
    assert not np.asarray(outputs["sequence"])[2].any() and not np.asarray(outputs["pooled"])[2].any()


def test_dropout_only_in_training():
    encoder = make(dropout=0.5)
    first, again, dropped = (encoder(TOKENS, training=training)["pooled"] for training in (False, False, True))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, dropped)


@pytest.mark.parametrize("name", ["vocabulary_size", "embedding_dim", "num_layers", "num_heads"])
def test_refuses_sizes_that_are_not_positive(name):
    with pytest.raises(ValueError, match=f"Sizes must be positive. Received: .*{name}=0"):
        make(**{name: 0})


@pytest.mark.parametrize("embedding_dim, num_heads", [(6, 4), (3, 3)])
def test_refuses_sizes_that_do_not_fit(embedding_dim, num_heads):
    message = f"even and divisible by num_heads. Received: embedding_dim={embedding_dim}, num_heads={num_heads}"
    with pytest.raises(ValueError, match=message):
        make(embedding_dim=embedding_dim, num_heads=num_heads)
