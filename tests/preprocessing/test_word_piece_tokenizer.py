import copy
import json
import pickle
import sys

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from kmm.export import SavedModelSession
from kmm.preprocessing import WordPieceTokenizer

pytest.importorskip("keras_hub")
pytest.importorskip("tensorflow_text")

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "red", "car", "##s", "!", "stra", "##sse", "##e", "cafe", "Red"]
CASES = {
    "plain": ("the red car", [4, 5, 6]),
    "upper case": ("The RED car", [4, 5, 6]),
    "pieces": ("cars STRAßE", [6, 7, 9, 10]),
    "longest piece first": ("stra strae", [9, 9, 11]),
    "punctuation is a word": ("car!", [6, 8]),
    "unknown": ("the green car", [4, 1, 6]),
    "special pieces are plain words": ("[SEP]", [1, 1, 1]),
    "empty": ("", []),
    "only spaces": (" \t\n ", []),
    "bad UTF-8": (b"red \xff\xfe car\xc3", [5, 6]),
    "null byte": (b"red\x00car", [5, 6]),
    "lone surrogate": ("\ud800", [1]),
    "too long": ("red " * 9, [5] * 6),
    "100 KB": ("red car " * 12_500, [5, 6, 5, 6, 5, 6]),
    "100 KB word": ("x" * 100_000, [1]),
}
LENGTH = 8


@pytest.fixture(scope="module")
def tokenizer():
    return WordPieceTokenizer(PIECES, sequence_length=LENGTH)


def expected_ids(ids):
    framed = [2, *ids, 3] if ids else []
    return framed + [0] * (LENGTH - len(framed)), [True] * len(framed) + [False] * (LENGTH - len(framed))


@pytest.mark.parametrize("name", CASES)
def test_ids_and_padding_mask(tokenizer, name):
    prompt, ids = CASES[name]
    tokens = tokenizer(prompt)
    assert tokens["token_ids"].dtype == "int32" and tokens["padding_mask"].dtype == "bool"
    assert (tokens["token_ids"].numpy().tolist(), tokens["padding_mask"].numpy().tolist()) == expected_ids(ids)


def test_same_in_tf_data(tokenizer):
    prompts = [p if isinstance(p, bytes) else p.encode("utf-8", "replace") for p, _ in CASES.values()]
    expected = tokenizer(prompts)
    dataset = tf.data.Dataset.from_tensor_slices(prompts).batch(100).map(tokenizer)
    tokens = next(iter(dataset))
    assert dataset.element_spec["token_ids"].shape.as_list() == [None, LENGTH]
    np.testing.assert_array_equal(tokens["token_ids"], expected["token_ids"])
    np.testing.assert_array_equal(tokens["padding_mask"], expected["padding_mask"])


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3), (2, 1, 3)])
def test_any_rank(tokenizer, shape):
    tokens = tokenizer(np.full(shape, "red cars", object))
    assert tuple(tokens["token_ids"].shape) == tuple(tokens["padding_mask"].shape) == (*shape, LENGTH)
    assert np.all(tokens["token_ids"].numpy() == [2, 5, 6, 7, 3, 0, 0, 0])


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(strategies.binary(max_size=200))
def test_any_bytes_are_legal(tokenizer, prompt):
    tokens = tokenizer(prompt)
    token_ids, real = tokens["token_ids"].numpy(), tokens["padding_mask"].numpy()
    assert np.all((token_ids >= 0) & (token_ids < tokenizer.vocabulary_size)) and not token_ids[~real].any()
    assert not np.any(~real[:-1] & real[1:]), "padding lies only on the right"


def test_options():
    tokenizer = WordPieceTokenizer(PIECES, sequence_length=LENGTH, lowercase=False, strip_accents=True)
    assert tokenizer("Red red café")["token_ids"].numpy().tolist() == [2, 13, 5, 12, 3, 0, 0, 0]


def test_ids_are_those_of_the_vocabulary():
    pieces = ["red", "[SEP]", "[CLS]", "[UNK]", "[PAD]"]
    assert WordPieceTokenizer(pieces, 5)("red x")["token_ids"].numpy().tolist() == [2, 0, 3, 1, 4]


@pytest.mark.slow
def test_adapt():
    prompts = ["the red car", "The red cars", b"the blue car \xff"] * 20
    tokenizer = WordPieceTokenizer.adapt(iter(prompts), sequence_length=12, max_vocabulary_size=60)
    assert tokenizer.vocabulary[:4] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]") and tokenizer.sequence_length == 12
    assert {"the", "red", "car"} <= set(tokenizer.vocabulary) and tokenizer.vocabulary_size <= 60
    unknown = tokenizer.vocabulary.index("[UNK]")
    assert unknown not in tokenizer(["the red cars", "blue"])["token_ids"].numpy()
    cased = WordPieceTokenizer.adapt(["Red Car"] * 9, lowercase=False, strip_accents=True)
    assert "Red" in cased.vocabulary and cased.get_config()["strip_accents"]


def test_adapt_errors():
    with pytest.raises(TypeError, match="iterable of strings"):
        WordPieceTokenizer.adapt("red car")
    for nothing in ([], ["", " \n"]):
        with pytest.raises(ValueError, match="at least one word"):
            WordPieceTokenizer.adapt(nothing)


def test_vocabulary_errors():
    for wrong in ("red", [*PIECES, 3]):
        with pytest.raises(TypeError, match="list of strings"):
            WordPieceTokenizer(wrong)
    with pytest.raises(ValueError, match=r"must hold .* none of \['\[UNK\]'\]"):
        WordPieceTokenizer(["[PAD]", "[CLS]", "[SEP]", "red"])
    with pytest.raises(ValueError, match=r"must not repeat.*'red', ''"):
        WordPieceTokenizer([*PIECES, "red", ""])


@pytest.mark.parametrize("sequence_length", [2, -1, 4.0, "4", True, None])
def test_sequence_length_error(sequence_length):
    with pytest.raises(ValueError, match="sequence_length must be"):
        WordPieceTokenizer(PIECES, sequence_length=sequence_length)


def test_prompts_that_are_no_strings(tokenizer):
    with pytest.raises(TypeError, match="dtype=int32"):
        tokenizer(tf.constant([1, 2]))


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(ImportError, match=r'pip install "kmm\[kerashub\]"'):
        WordPieceTokenizer(PIECES)


def test_configuration_round_trip(tokenizer):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
    assert config["registered_name"] == "kmm>WordPieceTokenizer"
    revived = keras.saving.deserialize_keras_object(config)
    for other in (revived, copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert other.get_config() == tokenizer.get_config()
        np.testing.assert_array_equal(other("the cars")["token_ids"], tokenizer("the cars")["token_ids"])


def test_can_be_made_inside_a_graph():
    dataset = tf.data.Dataset.from_tensor_slices(["red car"])
    tokens = next(iter(dataset.map(lambda prompt: WordPieceTokenizer(PIECES, 5)(prompt))))
    assert tokens["token_ids"].numpy().tolist() == [2, 5, 6, 3, 0]


def test_exports(tokenizer, tmp_path):
    module = tf.Module()
    module.tables = list(tokenizer.trackables)
    specification = tf.TensorSpec([None], "string", name="prompt")
    signature = tf.function(tokenizer.__call__, input_signature=[specification]).get_concrete_function()
    tf.saved_model.save(module, tmp_path, signatures={"serving_default": signature})
    prompts = [p if isinstance(p, bytes) else p.encode("utf-8", "replace") for p, _ in CASES.values()]
    with SavedModelSession(tmp_path) as session:
        tokens = session.run({"prompt": np.array(prompts, object)})
    expected = tokenizer(prompts)
    np.testing.assert_array_equal(tokens["token_ids"], expected["token_ids"])
    np.testing.assert_array_equal(tokens["padding_mask"], expected["padding_mask"])
