import keras
import pytest

from kmm.preprocessing import PromptTokenizer
from kmm.preprocessing.tokenizer_for import tokenizer_for


def make_model(*names):
    inputs = {name: keras.Input((4,), name=name) for name in names}
    return keras.Model(inputs, inputs)


def test_models_that_read_words():
    model, other = make_model("images", "token_ids", "padding_mask"), PromptTokenizer(["red"])
    with pytest.raises(ValueError, match="must carry its tokenizer. Received: model.prompt_tokenizer=None"):
        tokenizer_for(model)
    assert tokenizer_for(model, other) is other
    model.prompt_tokenizer = PromptTokenizer(["car"])
    assert tokenizer_for(model) is model.prompt_tokenizer and tokenizer_for(model, other) is other


def test_models_of_images_alone():
    model = make_model("images")
    model.prompt_tokenizer = None
    assert tokenizer_for(model) is None
    with pytest.raises(ValueError, match=r"takes no tokenizer. Received: inputs=\['images'\]"):
        tokenizer_for(model, PromptTokenizer(["red"]))
