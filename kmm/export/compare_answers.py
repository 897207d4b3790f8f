"""Is a written file the model it was made of?"""

import numpy as np

from kmm import feature_keys
from kmm.preprocessing import masks_from_logits

_FIRST_WORD = 2
"""The first token id that is neither padding nor unknown."""


def sample_inputs(specs, vocabulary_size=None, count=5, seed=0):
    """Pictures and prompts to ask two models about.

    The pictures are smooth, as photographs are, and the prompts of different lengths: the first is as long as it can
    be, the second has one word, the third none, and unknown words occur.

    Args:
        specs: a dict from input name to `tf.TensorSpec`, as `tensor_function` takes them.
        vocabulary_size: number of token ids; needed where there is an input `token_ids`.
        count: number of samples.
        seed: another number gives other samples.

    Returns:
        a dict from input name to array `(count, ...)`.

    Example:

    >>> import tensorflow as tf
    >>> samples = sample_inputs({"images": tf.TensorSpec((None, 16, 24, 3), "float32")})
    >>> tuple(samples["images"].shape)
    (5, 16, 24, 3)
    """
    random = np.random.default_rng(seed)
    samples = {}
    for name, spec in specs.items():
        shape, dtype = (count, *spec.shape[1:]), spec.dtype.as_numpy_dtype
        if name == feature_keys.IMAGES:
            cells = random.uniform(0, 255, (count, *(-(-size // 8) for size in shape[1:3]), 3))
            samples[name] = cells.repeat(8, axis=1).repeat(8, axis=2)[:, : shape[1], : shape[2]].astype(dtype)
        elif name == feature_keys.TOKEN_IDS:
            samples[name] = random.integers(1, max(vocabulary_size, _FIRST_WORD), shape).astype(dtype)
        elif name == feature_keys.PADDING_MASK:
            lengths = np.append([shape[1], 1, 0], random.integers(2, shape[1] + 2, count))[:count]
            samples[name] = (np.arange(shape[1]) < lengths[:, None]).astype(dtype)
        else:
            samples[name] = random.uniform(-1, 1, shape).astype(dtype)
    if feature_keys.TOKEN_IDS in samples and feature_keys.PADDING_MASK in samples:
        samples[feature_keys.TOKEN_IDS] *= samples[feature_keys.PADDING_MASK].astype("int32")
    return samples


def compare_answers(answer, expected, samples, threshold=0.5):
    """Asks a model all samples at once and the first alone, and compares its logits.

    Args:
        answer: function from a dict of inputs to logits `(batch, height, width, channels)`.
        expected: the right logits of all samples.
        samples: a dict from input name to array.
        threshold: probability above which a pixel belongs to a binary mask.

    Returns:
        a dict: `equal_pixels`, the share of mask pixels that are equal; `max_difference`, the largest difference of two
        logits as a share of the largest right one.

    Example:

    >>> logits = np.linspace(-1, 1, 16, dtype="float32").reshape(1, 4, 4, 1)
    >>> compare_answers(lambda samples: logits, logits, {"images": np.zeros((1, 4, 4, 3))})
    {'equal_pixels': 1.0, 'max_difference': 0.0}
    """
    first = {name: value[:1] for name, value in samples.items()}
    given = np.concatenate([answer(samples), answer(first)])
    expected = np.concatenate([expected, expected[:1]])
    if given.shape != expected.shape:
        raise ValueError(f"Both must give logits of one shape. Received: {given.shape} for {expected.shape}.")
    masks, right = (masks_from_logits(logits, threshold=threshold).numpy() for logits in (given, expected))
    largest = max(float(np.abs(expected).max()), 1e-6)
    return {
        "equal_pixels": float(np.mean(masks == right)),
        "max_difference": float(np.abs(given - expected).max()) / largest,
    }
