"""kmm (Keras MultiModal): photographs and words in, masks out.

Importing kmm registers its classes with Keras, so that `keras.saving.load_model` finds them by name. Only the `kmm`
command puts that off until a command needs it, so that `kmm --help` answers at once.

Where TensorFlow is not installed, `kmm.serving.Client` still works: it asks servers over REST.
"""

import importlib
import importlib.util
import os
import sys

from kmm.version import __version__

_PACKAGES = (
    "data",
    "decoders",
    "encoders",
    "evaluation",
    "export",
    "fusion",
    "heads",
    "layers",
    "losses",
    "metrics",
    "models",
    "preprocessing",
    "reporting",
    "serving",
    "training",
    "visualization",
)

__all__ = ["__version__", "presets", *_PACKAGES]


def __getattr__(name):
    """Import a package (or `presets`) when it is first asked for."""
    if name == "presets":
        return importlib.import_module("kmm.models").presets
    if name in _PACKAGES:
        return importlib.import_module(f"kmm.{name}")
    raise AttributeError(f"module 'kmm' has no attribute {name!r}")


if os.path.splitext(os.path.basename((getattr(sys, "argv", None) or [""])[0]))[0] != "kmm":
    for _package in _PACKAGES if importlib.util.find_spec("tensorflow") else ("serving",):
        importlib.import_module(f"kmm.{_package}")
