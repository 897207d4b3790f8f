import copy

import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.preprocessing import RawPrompts


@pytest.mark.parametrize("prompts, shape", [("a", ()), (["a", "b"], (2,)), ([["a"], ["b"]], (2, 1)), ([], (0,))])
def test_keeps_the_shape(prompts, shape):
    inputs = RawPrompts()(prompts)
    assert list(inputs) == list(RawPrompts.output_keys) == ["prompts"]
    assert inputs["prompts"].dtype == tf.string and tuple(inputs["prompts"].shape) == shape


def test_hands_on_what_is_readable():
    prompts = ["The RED car!", b"red\xff car\n", "x" * 5000, ""]
    assert RawPrompts()(prompts)["prompts"].numpy().tolist() == [b"The RED car!", b"red  car ", b"x" * 4096, b""]


def test_same_in_tf_data():
    dataset = tf.data.Dataset.from_tensor_slices([b"red\xff", b"car"]).batch(2).map(RawPrompts())
    assert dataset.element_spec["prompts"].shape.as_list() == [None]
    assert next(iter(dataset))["prompts"].numpy().tolist() == [b"red ", b"car"]


def test_refuses_what_is_no_text():
    with pytest.raises(TypeError, match="prompts must be strings. Received: dtype=int64"):
        RawPrompts()(np.array([1, 2]))


def test_stands_where_a_tokenizer_stands():
    tokenizer = RawPrompts.adapt(["red car"], sequence_length=8)
    assert tokenizer.vocabulary_size is None and tokenizer.sequence_length is None and tokenizer.trackables == ()
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(tokenizer))
    for other in (revived, copy.deepcopy(tokenizer)):
        assert isinstance(other, RawPrompts) and other.get_config() == {}
