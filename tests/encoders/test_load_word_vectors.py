import pathlib

import keras
import numpy as np
import pytest

from kmm.encoders import GRUTextEncoder, LSTMTextEncoder, PooledTextEncoder, TransformerTextEncoder, load_word_vectors
from kmm.preprocessing import PromptTokenizer, WordVectors

GLOVE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "word_vectors" / "glove_twitter_25d.txt"
TOKENIZER = PromptTokenizer(["red", "quux", "car"])
VECTORS = WordVectors(["car", "bus", "red"], [[5.0, 1.0], [6.0, -1.0], [7.0, 3.0]])


@pytest.mark.parametrize("cls", [GRUTextEncoder, LSTMTextEncoder, PooledTextEncoder, TransformerTextEncoder])
def test_known_words_get_their_vectors(cls):
    options = {"num_heads": 1} if cls is TransformerTextEncoder else {}
    encoder = cls(TOKENIZER.vocabulary_size, embedding_dim=2, **options)
    before = encoder.get_layer("embedding").embeddings.numpy()
    assert load_word_vectors(encoder, TOKENIZER, VECTORS) == 2 / 3
    after = encoder.get_layer("embedding").embeddings.numpy()
    np.testing.assert_array_equal(after[[0, 1, 3]], before[[0, 1, 3]])  # padding, unknown, "quux"
    centered = VECTORS.vectors - VECTORS.vectors.mean(0)
    np.testing.assert_allclose(after[4], centered[0] / centered.std(), rtol=1e-5)
    np.testing.assert_allclose(after[2], centered[2] / centered.std(), rtol=1e-5)


def test_one_word_alone_keeps_its_direction():
    encoder = LSTMTextEncoder(TOKENIZER.vocabulary_size, embedding_dim=2)
    load_word_vectors(encoder, TOKENIZER, WordVectors(["car"], [[1.0, 3.0]]))
    np.testing.assert_allclose(encoder.get_layer("embedding").embeddings[4], [1.0, 3.0])


@pytest.mark.skipif(not GLOVE.exists(), reason="GloVe's vectors are not beside the repository")
def test_real_vectors_start_as_spread_as_random_ones():
    tokenizer = PromptTokenizer.adapt(["a red car left of the big blue house", "two green trees behind a white dog"])
    encoder = GRUTextEncoder(tokenizer.vocabulary_size, embedding_dim=25)
    assert load_word_vectors(encoder, tokenizer, WordVectors.read(GLOVE, tokenizer.vocabulary)) == 1.0
    table = encoder.get_layer("embedding").embeddings.numpy()[2:]
    assert abs(table.std() - 1) < 1e-5 and np.abs(table.mean(0)).max() < 1e-5


def test_refuses_an_encoder_without_embedding():
    tokens = keras.Input((None,))
    with pytest.raises(ValueError, match="layer named 'embedding'. Received: 'mine' with the layers"):
        load_word_vectors(keras.Model(tokens, tokens, name="mine"), TOKENIZER, VECTORS)


def test_refuses_another_size():
    encoder = LSTMTextEncoder(TOKENIZER.vocabulary_size, embedding_dim=3)
    with pytest.raises(ValueError, match="embedding_dim=3, word_vectors.dim=2. Build .* embedding_dim=2"):
        load_word_vectors(encoder, TOKENIZER, VECTORS)


def test_refuses_a_vocabulary_larger_than_the_embedding():
    with pytest.raises(ValueError, match="vocabulary_size=5, an embedding of 4 rows. Build .* vocabulary_size=5"):
        load_word_vectors(LSTMTextEncoder(4, embedding_dim=2), TOKENIZER, VECTORS)


def test_refuses_vectors_of_other_words():
    encoder = LSTMTextEncoder(TOKENIZER.vocabulary_size, embedding_dim=2)
    with pytest.raises(ValueError, match=r"At least one word .* Received: none of \['red', 'quux', 'car'\]"):
        load_word_vectors(encoder, TOKENIZER, WordVectors(["bus"], [[1.0, 2.0]]))


def test_refuses_a_tokenizer_that_splits_words():
    class Pieces:
        vocabulary, vocabulary_size = ("red", "car"), 4

        def __call__(self, prompts):
            ids = np.full((len(prompts), 3), 2)
            return {"token_ids": ids, "padding_mask": ids > 0}

    with pytest.raises(ValueError, match="must be one token. Received: tokenizer=Pieces.* Take a PromptTokenizer"):
        load_word_vectors(LSTMTextEncoder(5, embedding_dim=2), Pieces(), VECTORS)
