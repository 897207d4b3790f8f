import pathlib

import numpy as np
import pytest

from kmm.preprocessing import WordVectors

GLOVE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "word_vectors" / "glove_twitter_25d.txt"
LINES = b"the 0.5 -1 2e-1\nred 1 2 3\nnew york 4 5 6\n\xc3\xa9t\xc3\xa9 7 8 9\n"


def read(tmp_path, content, words=None):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    return WordVectors.read(path, words)


def test_words_and_their_vectors():
    vectors = WordVectors(["red", "car"], [[1, 2, 3], [4, 5, 6]])
    assert len(vectors) == 2 and vectors.dim == 3 and vectors.words == ("red", "car")
    assert "car" in vectors and "bus" not in vectors
    np.testing.assert_array_equal(vectors["car"], [4, 5, 6])
    with pytest.raises(KeyError):
        vectors["bus"]


def test_reads_all_words(tmp_path):
    vectors = read(tmp_path, LINES)
    assert vectors.words == ("the", "red", "new york", "été") and vectors.vectors.dtype == "float32"
    np.testing.assert_allclose(vectors["the"], [0.5, -1, 0.2])
    np.testing.assert_array_equal(vectors["new york"], [4, 5, 6])


def test_keeps_only_wanted_words(tmp_path):
    vectors = read(tmp_path, LINES, ["été", "bus", "red"])
    assert vectors.words == ("red", "été")
    np.testing.assert_array_equal(vectors.vectors, [[1, 2, 3], [7, 8, 9]])
    none = read(tmp_path, LINES, ["bus"])
    assert len(none) == 0 and none.dim == 3


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"4 3\n" + LINES, id="header of word2vec"),
        pytest.param(LINES.replace(b"\n", b" \n"), id="blanks at the end"),
        pytest.param(LINES.replace(b"\n", b"\r\n"), id="line ends of Windows"),
        pytest.param(LINES.replace(b" ", b"\t").replace(b"new\t", b"new "), id="tabs"),
        pytest.param(LINES + b"\nred 9 9 9\n\n", id="a repeated word and empty lines"),
        pytest.param(LINES[:-1], id="no line end at the end"),
    ],
)
def test_other_ways_to_write_the_same(tmp_path, content):
    vectors, expected = read(tmp_path, content), read(tmp_path, LINES)
    assert vectors.words == expected.words
    np.testing.assert_array_equal(vectors.vectors, expected.vectors)


@pytest.mark.parametrize(
    "content, message",
    [
        (
            LINES + b"car 1 2\n",
            r"line 5: every line must hold a word and 3 numbers. Received: b'car 1 2.*with 3 fields",
        ),
        (LINES + b"car 1 2 3 4\n", "line 5: every line must hold a word and 3 numbers.*with 5 fields"),
        (b"2 3\n" + LINES[:16] + b"car 1\n", "line 3: every line must hold a word and 3 numbers"),
        (b"1.0\n", "line 1: every line must hold a word and 1 numbers"),
        (LINES + b"car 1 two 3\n", "line 5: what follows the word must be finite numbers. Received: b'1 two 3'"),
        (LINES + b"car 1 nan 3\n", "line 5: what follows the word must be finite numbers. Received: b'1 nan 3'"),
        (b"", "one word and its numbers on each line. Received: path='.*vectors.txt' without any"),
        (b"\n\n", "one word and its numbers on each line"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be a text file of word vectors. Received: path='.*missing.txt'"):
        WordVectors.read(tmp_path / "missing.txt")


@pytest.mark.parametrize(
    "words, vectors, message",
    [
        (["red", "red"], [[1.0], [2.0]], "2 words, 1 of them different"),
        (["red"], [1.0, 2.0], r"1 words.*vectors.shape=\(2,\)"),
        (["red", "car"], [[1.0, 2.0]], r"2 words.*vectors.shape=\(1, 2\)"),
        (["red", "car"], [[1.0], [np.inf]], "Numbers must be finite. Received: 'car'"),
    ],
)
def test_refuses_what_does_not_fit(words, vectors, message):
    with pytest.raises(ValueError, match=message):
        WordVectors(words, vectors)


@pytest.mark.skipif(not GLOVE.exists(), reason="GloVe's vectors are not beside the repository")
def test_real_file_tells_what_is_alike():
    words = ["red", "blue", "green", "monday", "tuesday", "dog", "cat"]
    vectors = WordVectors.read(GLOVE, words)
    assert len(vectors) == 7 and vectors.dim == 25
    normal = {word: vectors[word] / np.linalg.norm(vectors[word]) for word in words}
    assert normal["monday"] @ normal["tuesday"] > normal["monday"] @ normal["cat"]
    assert normal["dog"] @ normal["cat"] > normal["dog"] @ normal["blue"]
