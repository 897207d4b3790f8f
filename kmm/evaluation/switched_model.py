"""A model whose inputs can be switched off."""

import numpy as np
import tensorflow as tf

from kmm import feature_keys


class SwitchedModel:
    """Shows a model as it is, but some of its modalities replaced by what tells nothing.

    Pictures are replaced by `blank_image`, padding masks by `False`, strings by empty ones, all else by zeros.
    Switching compiles nothing anew.

    Args:
        model: a `kmm.models.MultimodalModel`.
        modalities: a dict from name to the names of the inputs that belong to it.
        blank_image: array `(height, width, 3)` or `(3,)` in [0, 255].

    Example:

    >>> switched = SwitchedModel(None, {"image": ["images"], "sound": ["waves"]}, blank_image=[9, 9, 9])
    >>> switched.give(["image"])
    >>> inputs = switched.replace({"images": tf.ones((1, 1, 1, 3)), "waves": tf.ones((1, 2))})
    >>> {name: tensor.numpy().ravel().tolist() for name, tensor in inputs.items()}
    {'images': [1.0, 1.0, 1.0], 'waves': [0.0, 0.0]}
    """

    def __init__(self, model, modalities, blank_image):
        self.model, self.blank_image = model, np.asarray(blank_image, "float32")
        self.modality_of = {key: name for name, keys in modalities.items() for key in keys}
        self.switches = {name: tf.Variable(True, trainable=False) for name in modalities}

    def __getattr__(self, name):
        return getattr(self.__dict__["model"], name)

    def give(self, names):
        """From now on these modalities are given, and no others."""
        for name, switch in self.switches.items():
            switch.assign(name in names)

    def for_prompts(self, num_prompts):
        """A function like the model that `MultimodalModel.for_prompts` gives."""
        asked = self.model.for_prompts(num_prompts)
        return lambda inputs, training=False: asked(self.replace(inputs), training=training)

    def replace(self, inputs):
        """The inputs with what is switched off replaced."""
        return {
            key: tf.where(self.switches[self.modality_of[key]], tensor, self._stand_in(key, tensor))
            if key in self.modality_of
            else tensor
            for key, tensor in inputs.items()
        }

    def _stand_in(self, key, tensor):
        if key == feature_keys.IMAGES:
            blank = self.blank_image if tensor.dtype.is_floating else np.round(self.blank_image)
            return tf.broadcast_to(tf.cast(blank, tensor.dtype), tf.shape(tensor))
        return tf.zeros_like(tensor)  # False for bool, "" for strings
