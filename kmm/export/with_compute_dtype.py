"""The same model computing in another precision."""

import json
import pathlib
import tempfile
import zipfile

import keras

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
KEPT = ("InputLayer", "SavedModelLayer", "__keras_tensor__")
"""What keeps its dtype: borders, and graphs whose dtypes are written down."""


def with_compute_dtype(model, compute_dtype):
    """A copy of a model that computes in `compute_dtype`, with the same float32 weights.

    The copy goes through a `.keras` file in a temporary folder, so every part that can be saved can be copied.
    bfloat16 is the faster one on CPUs with AVX512-BF16 or AMX and on GPUs, for all but small models; logits stay
    float32.

    Args:
        model: a model of kmm, or another functional model whose layers follow their dtype policies.
        compute_dtype: "float32" or "bfloat16".

    Raises:
        ValueError: another `compute_dtype`.

    Example:

    >>> import keras
    >>> images = keras.Input((16, 16, 3), name="images")
    >>> model = keras.Model({"images": images}, keras.layers.Conv2D(1, 1)(images))
    >>> with_compute_dtype(model, "bfloat16").layers[-1].compute_dtype
    'bfloat16'
    """
    if compute_dtype not in POLICIES:
        raise ValueError(
            f"compute_dtype must be one of {sorted(POLICIES)}. Received: compute_dtype={compute_dtype!r}. "
            "None keeps the model's own."
        )
    policy = POLICIES[compute_dtype]
    with tempfile.TemporaryDirectory() as folder:
        saved, changed = pathlib.Path(folder, "saved.keras"), pathlib.Path(folder, "changed.keras")
        model.save(saved)
        with zipfile.ZipFile(saved) as source, zipfile.ZipFile(changed, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if name == "config.json":
                    content = json.dumps(_replace(json.loads(content), policy))
                target.writestr(name, content)
        # The file holds what was just in memory, so it is as trustworthy as the model.
        copy = keras.saving.load_model(changed, compile=False, safe_mode=False)
    for name in ("image_size", "prompt_tokenizer", "sample_rate", "num_classes"):
        if not hasattr(copy, name) and hasattr(model, name):
            setattr(copy, name, getattr(model, name))
    return copy


def _replace(config, policy):
    """The configuration with every dtype policy replaced, at any depth."""
    if isinstance(config, list):
        return [_replace(value, policy) for value in config]
    if not isinstance(config, dict) or config.get("class_name") in KEPT:
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {"name": policy}}
    return {key: _replace(value, policy) for key, value in config.items()}
