import numpy as np
import pytest
import tensorflow as tf

from kmm.preprocessing.clean_prompts import MAX_PROMPT_BYTES, clean_prompts, string_tensor


@pytest.mark.parametrize(
    "prompts, shape",
    [("a", ()), (b"a", ()), (["a", b"b"], (2,)), ([["a"], ["b"]], (2, 1)), ([], (0,)), (np.array(["a"], object), (1,))],
)
def test_string_tensor_keeps_the_shape(prompts, shape):
    tensor = string_tensor(prompts)
    assert tensor.dtype == tf.string and tuple(tensor.shape) == shape


def test_lone_surrogates_are_replaced():
    assert string_tensor("red \ud800 car").numpy() == b"red ? car"


def test_refuses_what_is_no_text():
    with pytest.raises(TypeError, match="prompts must be strings. Received: dtype=int32"):
        string_tensor([1, 2])


@pytest.mark.parametrize(
    "prompt, cleaned",
    [
        ("straße 🚗", "straße 🚗".encode()),
        (b"red \xff\xfe car\xc3", b"red    car "),
        (b"red\x00car\n", b"red car "),
        ("x" * 100_000, b"x" * MAX_PROMPT_BYTES),
        ("é" * 4095, "é".encode() * (MAX_PROMPT_BYTES // 2)),
        ("x" + "é" * 4095, b"x" + "é".encode() * (MAX_PROMPT_BYTES // 2 - 1) + b" "),  # never half a character
    ],
)
def test_clean_prompts(prompt, cleaned):
    assert clean_prompts(string_tensor([prompt])).numpy().tolist() == [cleaned]
