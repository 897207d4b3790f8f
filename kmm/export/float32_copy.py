"""A model of mixed precision as one of float32."""

import json
import pathlib
import tempfile
import zipfile

import keras

_MIXED = ("mixed_bfloat16", "mixed_float16")


def float32_copy(model):
    """A copy of a model of mixed precision that computes in float32, with the same weights.

    Other runtimes have no bfloat16 kernels, or choose the precision by themselves. The copy goes through a `.keras`
    file in a temporary folder, so every part that can be saved can be copied.

    Args:
        model: a built `keras.Model`.

    Returns:
        the model itself where all its layers compute in float32, else a copy.

    Example:

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, dtype="mixed_bfloat16")])
    >>> float32_copy(model).layers[0].compute_dtype
    'float32'
    """
    if not any(layer.dtype_policy.name in _MIXED for layer in model._flatten_layers()):
        return model
    with tempfile.TemporaryDirectory() as folder:
        saved, changed = pathlib.Path(folder, "saved.keras"), pathlib.Path(folder, "changed.keras")
        model.save(saved)
        with zipfile.ZipFile(saved) as source, zipfile.ZipFile(changed, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if name == "config.json":
                    content = json.dumps(_in_float32(json.loads(content)))
                target.writestr(name, content)
        # The file holds what was just in memory, so it is as trustworthy as the model.
        return keras.saving.load_model(changed, compile=False, safe_mode=False)


def _in_float32(config):
    if isinstance(config, dict):
        return {key: _in_float32(value) for key, value in config.items()}
    if isinstance(config, list):
        return [_in_float32(value) for value in config]
    return "float32" if config in _MIXED else config
