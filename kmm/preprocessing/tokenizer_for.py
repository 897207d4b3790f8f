"""The tokenizer that a model is asked with."""

from kmm import feature_keys

WORD_KEYS = (feature_keys.TOKEN_IDS, feature_keys.PROMPTS)
"""Inputs by which a model that reads words is known."""


def tokenizer_for(model, tokenizer=None):
    """The tokenizer of a model that reads words, and `None` for a model of images alone.

    Args:
        model: a `kmm.models.MultimodalModel`, or another functional model with the same names of inputs.
        tokenizer: a tokenizer, such as `PromptTokenizer`, to use in place of `model.prompt_tokenizer`.

    Raises:
        ValueError: if the model reads words and has no tokenizer, reads none and is given one, or reads other inputs
            than the tokenizer gives.

    Example:

    >>> import keras
    >>> images = keras.Input((16, 16, 3), name="images")
    >>> print(tokenizer_for(keras.Model({"images": images}, images)))
    None
    """
    names = sorted(tensor.name for tensor in model.inputs)
    words = [name for name in names if name in WORD_KEYS]
    if not words:
        if tokenizer is not None:
            raise ValueError(
                f"A model without any of the inputs {list(WORD_KEYS)} takes no tokenizer. Received: inputs={names}. "
                "Leave the tokenizer out."
            )
        return None
    tokenizer = tokenizer or getattr(model, "prompt_tokenizer", None)
    if tokenizer is None:
        raise ValueError(
            "A model that reads words must carry its tokenizer. Received: model.prompt_tokenizer=None. "
            "Set model.prompt_tokenizer (and save the model again)."
        )
    given = getattr(tokenizer, "output_keys", words)
    if not set(words) <= set(given):
        raise ValueError(
            "The tokenizer must give the inputs that the model reads. Received: "
            f"{type(tokenizer).__name__}, which gives {list(given)}, for the inputs {words}. Use the model's own one."
        )
    return tokenizer
