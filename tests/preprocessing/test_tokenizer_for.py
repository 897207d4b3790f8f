import keras
import pytest

from kmm.preprocessing import PromptTokenizer, RawPrompts
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


def test_models_that_read_strings():
    model = make_model("images", "prompts")
    with pytest.raises(ValueError, match="must carry its tokenizer"):
        tokenizer_for(model)
    model.prompt_tokenizer = RawPrompts()
    assert tokenizer_for(model) is model.prompt_tokenizer
    with pytest.raises(
        ValueError, match=r"PromptTokenizer, which gives \['token_ids', 'padding_mask'\], for .*'prompts'"
    ):
        tokenizer_for(model, PromptTokenizer(["red"]))
    with pytest.raises(ValueError, match=r"RawPrompts, which gives \['prompts'\], for the inputs \['token_ids'\]"):
        tokenizer_for(make_model("images", "token_ids", "padding_mask"), RawPrompts())


def test_a_tokenizer_of_ones_own():
    def tokenizer(prompts):
        return {"token_ids": prompts}

    assert tokenizer_for(make_model("token_ids"), tokenizer) is tokenizer
