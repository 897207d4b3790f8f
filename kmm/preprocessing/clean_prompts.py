"""Prompts from strangers as strings that every op can read."""

import tensorflow as tf

MAX_PROMPT_BYTES = 4096


def string_tensor(prompts):
    """Strings in any form as a string tensor.

    Args:
        prompts: a tensor, array, string or nested list of strings, `str` or `bytes`, of any shape.

    Returns:
        a string tensor of the same shape.

    Raises:
        TypeError: the prompts are no strings.

    Example:

    >>> tuple(string_tensor([["a red car", "a dog"]]).shape)
    (1, 2)
    """
    if not tf.is_tensor(prompts):
        # Text read from a terminal may hold lone surrogates, which are no UTF-8.
        prompts = tf.nest.map_structure(lambda p: p.encode("utf-8", "replace") if isinstance(p, str) else p, prompts)
        prompts = tf.convert_to_tensor(prompts)
        if prompts.shape.num_elements() == 0:  # an empty list becomes float32
            prompts = tf.zeros(prompts.shape, "string")
    if prompts.dtype != tf.string:
        raise TypeError(f"prompts must be strings. Received: dtype={prompts.dtype.name}. Pass the raw text.")
    return prompts


def clean_prompts(prompts):
    """Valid UTF-8 of at most 4,096 bytes: damaged characters and control characters become spaces.

    Args:
        prompts: string tensor of any shape, any bytes.

    Returns:
        a string tensor of the same shape.

    Example:

    >>> clean_prompts(tf.constant([b"a red\\xff car\\n"])).numpy().tolist()
    [b'a red  car ']
    """
    prompts = tf.strings.substr(prompts, 0, MAX_PROMPT_BYTES)
    return tf.strings.unicode_transcode(
        prompts, "UTF-8", "UTF-8", errors="replace", replacement_char=ord(" "), replace_control_characters=True
    )
