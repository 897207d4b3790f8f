"""A traced function as a SavedModel, for converters to read."""

import tensorflow as tf


def save_function(function, folder):
    """Writes a function and its variables, each once, as the signature `serving_default`.

    Args:
        function: a `tf.function` with an input signature that returns a dict.
        folder: where to write.

    Example:

    >>> import tempfile
    >>> double = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec([None], name="x")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_function(double, folder)
    ...     sorted(tf.saved_model.load(folder).signatures)
    ['serving_default']
    """
    endpoint = function.get_concrete_function()
    module = tf.Module()
    module.weights = list(endpoint.variables)
    tf.saved_model.save(module, folder, signatures={"serving_default": endpoint})
