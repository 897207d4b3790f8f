import keras
import numpy as np
import pytest
import tensorflow as tf

from kmm.layers.split_words import SplitWords


@pytest.mark.parametrize(
    "prompt, expected",
    [
        ("The red car", ["The", "red", "car"]),
        (" red,  car!\t(blue)?", ["red", "car", "blue"]),
        ("'t-shirt' car's -- x-", ["t-shirt", "car's", "x"]),
        ("straße 🚗 שלום", ["straße", "שלום"]),
        ("one two three four", ["one", "two", "three"]),
        ("", []),
        (" ?! ", []),
    ],
)
def test_words(prompt, expected):
    words, mask = SplitWords(3)(tf.constant([prompt]))
    padding = 3 - len(expected)
    assert [word.decode() for word in words.numpy()[0]] == expected + [""] * padding
    assert mask.numpy()[0].tolist() == [True] * len(expected) + [False] * padding


def test_in_a_model_and_its_file(tmp_path):
    inputs = keras.Input((), dtype="string")
    model = keras.Model(inputs, SplitWords(length=2, name="split")(inputs))
    assert [tuple(output.shape) for output in model.output] == [(None, 2), (None, 2)]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(model(tf.constant(["a b c"])), loaded(tf.constant(["a b c"])), strict=True):
        np.testing.assert_array_equal(one, other)
