"""The tokenizer that a model is asked with."""

from kmm import feature_keys


def tokenizer_for(model, tokenizer=None):
    """The tokenizer of a model that reads words, and `None` for a model of images alone.

    Args:
        model: a `kmm.models.MultimodalModel`, or another functional model with the same names of inputs.
        tokenizer: a `PromptTokenizer` to use in place of `model.prompt_tokenizer`.

    Raises:
        ValueError: if the model reads words and has no tokenizer, or reads none and is given one.

    Example:

    >>> import keras
    >>> images = keras.Input((16, 16, 3), name="images")
    >>> print(tokenizer_for(keras.Model({"images": images}, images)))
    None
    """
    names = sorted(tensor.name for tensor in model.inputs)
    if feature_keys.TOKEN_IDS not in names:
        if tokenizer is not None:
            raise ValueError(
                f"A model without the input {feature_keys.TOKEN_IDS!r} takes no tokenizer. Received: inputs={names}. "
                "Leave the tokenizer out."
            )
        return None
    tokenizer = tokenizer or getattr(model, "prompt_tokenizer", None)
    if tokenizer is None:
        raise ValueError(
            "A model that reads words must carry its tokenizer. Received: model.prompt_tokenizer=None. "
            "Set model.prompt_tokenizer (and save the model again)."
        )
    return tokenizer
