"""Operations that some models bring beyond TensorFlow's own."""

import importlib.util
import pathlib

import tensorflow as tf


def load_text_operations():
    """Registers tensorflow-text's operations where it is installed: models with WordPiece tokenizers need them.

    Only its libraries are loaded, and none of its Python code, which would import Keras.

    Returns:
        whether it is installed.

    Example:

    >>> load_text_operations() in (True, False)
    True
    """
    package = importlib.util.find_spec("tensorflow_text")
    if package is None:
        return False
    for library in sorted(pathlib.Path(package.origin).parent.glob("python/ops/_*.so")):
        tf.load_op_library(str(library))
    return True
