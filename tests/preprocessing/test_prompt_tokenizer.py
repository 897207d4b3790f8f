import copy
import json
import pickle

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from kmm.preprocessing import PromptTokenizer

WORDS = ["the", "red", "car", "t-shirt", "car's", "straße", "שלום"]
CASES = {
    "plain": ("the red car", [2, 3, 4]),
    "upper case and punctuation": ("The RED, car!", [2, 3, 4]),
    "unknown": ("the green car", [2, 1, 4]),
    "empty": ("", []),
    "only spaces": (" \t\n ", []),
    "only punctuation": ("?! -- '' ...", []),
    "tabs and line ends": ("the\tred\r\ncar", [2, 3, 4]),
    "hyphen and apostrophe": ("'t-shirt' -car's-", [5, 6]),
    "typographic apostrophe": ("car\u2019s \u2018red\u2019", [6, 3]),
    "non-breaking space": ("red\u00a0car", [3, 4]),
    "accents and upper case": ("STRAßE", [7]),
    "right to left": ("\u200fשלום\u200f red", [8, 3]),
    "emoji": ("🚗 red🚗car 👩‍👩‍👧", [3, 4]),
    "bad UTF-8": (b"red \xff\xfe car\xc3", [3, 4]),
    "null byte": (b"red\x00car", [3, 4]),
    "lone surrogate": ("red \ud800 car", [3, 4]),
    "too long": ("red " * 9, [3] * 6),
    "100 KB": ("red car " * 12_500, [3, 4, 3, 4, 3, 4]),
    "100 KB word": ("x" * 100_000, [1]),
    "100 KB of spaces": (" " * 100_000 + "red", []),
}


@pytest.fixture(scope="module")
def tokenizer():
    return PromptTokenizer(WORDS, sequence_length=6)


@pytest.mark.parametrize("name", CASES)
def test_ids_and_padding_mask(tokenizer, name):
    prompt, expected = CASES[name]
    tokens = tokenizer(prompt)
    assert tokens["token_ids"].dtype == "int32" and tokens["padding_mask"].dtype == "bool"
    assert tokens["token_ids"].numpy().tolist() == expected + [0] * (6 - len(expected))
    assert tokens["padding_mask"].numpy().tolist() == [True] * len(expected) + [False] * (6 - len(expected))


def test_same_in_tf_data(tokenizer):
    prompts = [p if isinstance(p, bytes) else p.encode("utf-8", "replace") for p, _ in CASES.values()]
    expected = tokenizer(prompts)
    one_by_one = tf.data.Dataset.from_tensor_slices(prompts).map(tokenizer).batch(100)
    batched = tf.data.Dataset.from_tensor_slices(prompts).batch(100).map(tokenizer)
    for dataset in (one_by_one, batched):
        tokens = next(iter(dataset))
        assert dataset.element_spec["token_ids"].shape.as_list() == [None, 6]
        np.testing.assert_array_equal(tokens["token_ids"], expected["token_ids"])
        np.testing.assert_array_equal(tokens["padding_mask"], expected["padding_mask"])


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3), (2, 1, 3)])
def test_any_rank(tokenizer, shape):
    tokens = tokenizer(np.full(shape, "red car", object))
    assert tuple(tokens["token_ids"].shape) == tuple(tokens["padding_mask"].shape) == (*shape, 6)
    assert np.all(tokens["token_ids"].numpy() == [3, 4, 0, 0, 0, 0])


@pytest.mark.parametrize("prompts, shape", [([], (0,)), ([[]], (1, 0)), ((), (0,))])
def test_empty_lists(tokenizer, prompts, shape):
    tokens = tokenizer(prompts)
    assert tuple(tokens["token_ids"].shape) == tuple(tokens["padding_mask"].shape) == (*shape, 6)


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(strategies.binary(max_size=200))
def test_any_bytes_are_legal(tokenizer, prompt):
    tokens = tokenizer(prompt)
    token_ids = tokens["token_ids"].numpy()
    assert np.all((token_ids >= 0) & (token_ids < tokenizer.vocabulary_size))
    real = tokens["padding_mask"].numpy()
    np.testing.assert_array_equal(real, token_ids != 0)
    assert not np.any(~real[:-1] & real[1:]), "padding lies only on the right"


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(strategies.text(max_size=50))
def test_learned_words_are_found_again(prompt):
    try:
        tokenizer = PromptTokenizer.adapt([prompt, "word"], sequence_length=60)
    except ValueError as error:
        pytest.fail(f"normalisation is not stable: {error}")
    assert 1 not in tokenizer(prompt)["token_ids"].numpy()


def test_adapt_orders_by_frequency_then_alphabet():
    prompts = ["b a", "c A!", b"d a \xff", ""]
    assert PromptTokenizer.adapt(prompts).vocabulary == ("a", "b", "c", "d")
    assert PromptTokenizer.adapt(iter(reversed(prompts))).vocabulary == ("a", "b", "c", "d")


def test_adapt_reads_more_than_one_batch():
    tokenizer = PromptTokenizer.adapt(f"w{i % 3000}" for i in range(3001))
    assert tokenizer.vocabulary_size == 3002
    assert tokenizer.vocabulary[0] == "w0"


def test_adapt_limits_the_vocabulary():
    tokenizer = PromptTokenizer.adapt(["a a a b b c"], sequence_length=4, max_vocabulary_size=4)
    assert tokenizer.vocabulary == ("a", "b") and tokenizer.vocabulary_size == 4 and tokenizer.sequence_length == 4
    assert tokenizer("c a b")["token_ids"].numpy().tolist() == [1, 2, 3, 0]


def test_adapt_errors():
    with pytest.raises(TypeError, match="iterable of strings"):
        PromptTokenizer.adapt("red car")
    with pytest.raises(TypeError, match="must be strings"):
        PromptTokenizer.adapt([1, 2])
    with pytest.raises(ValueError, match="at least one word"):
        PromptTokenizer.adapt(["", "?!"])
    with pytest.raises(ValueError, match="max_vocabulary_size=2"):
        PromptTokenizer.adapt(["red"], max_vocabulary_size=2)


def test_vocabulary_errors():
    with pytest.raises(ValueError, match="at least one word"):
        PromptTokenizer([])
    with pytest.raises(ValueError, match=r"must not repeat words.*'red'"):
        PromptTokenizer(["red", "car", "red"])
    with pytest.raises(TypeError, match="list of strings"):
        PromptTokenizer("red")
    with pytest.raises(TypeError, match="list of strings"):
        PromptTokenizer(["red", 3])
    for word in ("", "Red", "red car", "red!", " red", "a\ud800"):
        with pytest.raises(ValueError, match="one non-empty word"):
            PromptTokenizer([word])


@pytest.mark.parametrize("sequence_length", [0, -1, 2.5, "4", True, None])
def test_sequence_length_error(sequence_length):
    with pytest.raises(ValueError, match="sequence_length must be"):
        PromptTokenizer(["red"], sequence_length=sequence_length)


def test_prompts_that_are_no_strings(tokenizer):
    with pytest.raises(TypeError, match="dtype=int32"):
        tokenizer(tf.constant([1, 2]))


def test_decode(tokenizer):
    assert tokenizer.decode([2, 1, 4, 0, 0, 0]) == "the [unknown] car"
    assert tokenizer.decode([0, 0]) == ""
    assert tokenizer.decode(tokenizer([["Red car", ""], ["the ?", "x"]])["token_ids"]) == [
        ["red car", ""],
        ["the", "[unknown]"],
    ]
    with pytest.raises(ValueError, match=r"between 0 and 8. Received: \[9\]"):
        tokenizer.decode([2, 9])


def test_configuration_round_trip(tokenizer):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
    assert config["registered_name"] == "kmm>PromptTokenizer"
    revived = keras.saving.deserialize_keras_object(config)
    for other in (revived, copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert other.get_config() == tokenizer.get_config() == {"vocabulary": WORDS, "sequence_length": 6}
        np.testing.assert_array_equal(other("the red שלום")["token_ids"], tokenizer("the red שלום")["token_ids"])


def test_can_be_made_inside_a_graph():
    dataset = tf.data.Dataset.from_tensor_slices(["red car"])
    tokens = next(iter(dataset.map(lambda prompt: PromptTokenizer(["red"], 2)(prompt))))
    assert tokens["token_ids"].numpy().tolist() == [2, 1]


def test_exports(tokenizer, tmp_path):
    module = tf.Module()
    module.tables = list(tokenizer.trackables)
    module.tokenize = tf.function(tokenizer.__call__, input_signature=[tf.TensorSpec([None], "string", name="prompt")])
    tf.saved_model.save(module, tmp_path)
    prompts = [p if isinstance(p, bytes) else p.encode("utf-8", "replace") for p, _ in CASES.values()]
    expected = tokenizer(prompts)
    loaded = tf.saved_model.load(tmp_path)
    tokens = loaded.tokenize(tf.constant(prompts))
    np.testing.assert_array_equal(tokens["token_ids"], expected["token_ids"])
    np.testing.assert_array_equal(tokens["padding_mask"], expected["padding_mask"])
