"""Prompts become words, inside the model."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kmm")
class SplitWords(keras.layers.Layer):
    """Splits strings into words, for models that read strings.

    Punctuation, symbols and spaces separate words; hyphens and apostrophes stay inside them (`t-shirt`, `car's`), and
    so do upper and lower case. Words after the first `length` are dropped.

    Args:
        length: number of words for each string.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: valid UTF-8 strings `(batch,)`.

    Output shape:
        Two tensors `(batch, length)`: the words, "" for padding, and a bool mask, `True` at words.

    Example:

    >>> words, padding_mask = SplitWords(3)(tf.constant(["The car, red!", ""]))
    >>> words.numpy().tolist()
    [[b'The', b'car', b'red'], [b'', b'', b'']]
    """

    def __init__(self, length, **kwargs):
        super().__init__(**kwargs)
        self.length = length
        self.supports_jit = False  # strings
        self.built = True

    def call(self, inputs):
        """Split."""
        words = tf.strings.regex_replace(inputs, r"[^\p{L}\p{M}\p{N}'-]+", " ")
        words = tf.strings.regex_replace(words, r"(^|\s)['-]+", " ")
        words = tf.strings.split(tf.strings.regex_replace(words, r"['-]+(\s|$)", " "))
        words = words.to_tensor(default_value="", shape=(None, self.length))
        return words, words != ""

    def compute_output_spec(self, inputs):
        """Both of one shape."""
        shape = (inputs.shape[0], self.length)
        return keras.KerasTensor(shape, "string"), keras.KerasTensor(shape, "bool")

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "length": self.length}
