"""Prompts that enter the model as strings."""

import keras

from kmm import feature_keys
from kmm.preprocessing.clean_prompts import clean_prompts, string_tensor


@keras.saving.register_keras_serializable(package="kmm")
class RawPrompts:
    """Hands prompts on as strings, for models that read words themselves, such as a SavedModel's text encoder.

    It stands where a tokenizer stands. Any bytes are legal: damaged UTF-8 and control characters become spaces, and
    only the first 4,096 bytes of a prompt are read; case and punctuation stay as they are.

    Call arguments:
        prompts: strings of shape `(...)`, any rank.

    Output shape:
        `{"prompts": (...) string}`.

    Raises:
        TypeError: the prompts are no strings.

    Example:

    >>> inputs = RawPrompts()(["The red car!", ""])
    >>> tuple(inputs["prompts"].shape)
    (2,)
    """

    output_keys = (feature_keys.PROMPTS,)
    sequence_length = None
    """A string has no number of tokens."""
    vocabulary_size = None
    """The model that reads the strings has its own vocabulary."""
    trackables = ()
    """Nothing that an export must track."""

    @classmethod
    def adapt(cls, prompts, sequence_length=None):
        """There is nothing to learn: the arguments are those of other tokenizers, and are not used."""
        return cls()

    def __call__(self, prompts):
        """The strings, by name; see the class."""
        return {feature_keys.PROMPTS: clean_prompts(string_tensor(prompts))}

    def get_config(self):
        """Nothing."""
        return {}

    @classmethod
    def from_config(cls, config):
        """The tokenizer of a configuration."""
        return cls(**config)
