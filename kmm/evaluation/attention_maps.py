"""Where a model looks for each word, for fusions with attention."""

import numpy as np
import tensorflow as tf

from kmm import feature_keys
from kmm.preprocessing import prepare_images
from kmm.preprocessing.tokenizer_for import tokenizer_for

CONTEXT_KEYS = (feature_keys.SEQUENCE, feature_keys.POOLED, feature_keys.PADDING_MASK)


def attention_maps(model, image, prompt):
    """The words that each place of a picture attends to, ready for `kmm.visualization.plot_attention`.

    Attention is what a fusion reads, not why the model answers so: `kmm.evaluation.word_importance` tells what a word
    changes.

    Args:
        model: a `kmm.models.MultimodalModel` with `CrossAttentionFusion`, `SelfAttentionFusion`, `CoAttentionFusion` or
            another fusion that has a method `attention_maps`.
        image: uint8 picture `(height, width, 3)` of any size.
        prompt: the words.

    Returns:
        A dict of `image` (uint8, the model's size), `prompt`, `words` (as the tokenizer knows them, "[unknown]" for
        others; word pieces where it gives these) and `maps`, a dict from pyramid level to float32 `(height, width,
        words)`: shares that sum to 1 over the words of a place.

    Raises:
        ValueError: if no fusion of the model has attention, or the prompt has no words.

    Example:

    >>> import kmm
    >>> tokenizer = kmm.preprocessing.PromptTokenizer(["red", "cup"], sequence_length=4)
    >>> parts = {"widths": (8, 8), "text_units": 8, "fusion_filters": 8, "fusion": "CrossAttentionFusion"}
    >>> model = kmm.models.referring_segmenter((32, 32), tokenizer, **parts)
    >>> row = kmm.evaluation.attention_maps(model, np.zeros((40, 50, 3), np.uint8), "the red cup")
    >>> row["words"], {level: maps.shape for level, maps in row["maps"].items()}
    (('[unknown]', 'red', 'cup'), {'P2': (8, 8, 3)})
    """
    fusions = getattr(model, "fusions", {})
    attending = {level: fusion for level, fusion in fusions.items() if hasattr(fusion, "attention_maps")}
    if not attending:
        names = sorted({type(fusion).__name__ for fusion in fusions.values()})
        raise ValueError(
            f"Attention maps need a fusion with attention. Received: fusions={names} of {type(model).__name__}. Train "
            "with CrossAttentionFusion, SelfAttentionFusion or CoAttentionFusion, or use word_importance."
        )
    tokenizer = tokenizer_for(model)
    image = prepare_images(image, model.image_size)
    inputs = {feature_keys.IMAGES: image[None], **tokenizer(tf.constant([prompt]))}
    (encoder,) = model.context_encoders.values()
    context = encoder({key: inputs[key] for key in encoder.input}, training=False)
    is_word = np.asarray(context[feature_keys.PADDING_MASK])[0].astype(bool)
    if not is_word.any():
        raise ValueError(f"Attention maps need words to attend to. Received: prompt={prompt!r}. Give a prompt.")
    pyramid = model.image_encoder(inputs[feature_keys.IMAGES], training=False)
    maps = {
        level: np.asarray(fusion.attention_maps(pyramid[level], *(context[key] for key in CONTEXT_KEYS)))[0]
        for level, fusion in attending.items()
    }
    words = _words(tokenizer, inputs, prompt, is_word)
    return {
        "image": image.numpy(),
        "prompt": prompt,
        "words": words,
        "maps": {level: of_level[..., is_word] for level, of_level in maps.items()},
    }


def _words(tokenizer, inputs, prompt, is_word):
    """What stands at each place of the sequence."""
    number = int(is_word.sum())
    if feature_keys.TOKEN_IDS not in inputs:  # the model reads the string itself
        words = prompt.split()
        return tuple(words) if len(words) == number else tuple(f"token {place + 1}" for place in range(number))
    token_ids = inputs[feature_keys.TOKEN_IDS].numpy()[0][is_word].tolist()
    if hasattr(tokenizer, "decode"):
        return tuple(tokenizer.decode([token_id]) for token_id in token_ids)
    return tuple(str(tokenizer.vocabulary[token_id]) for token_id in token_ids)
