"""The base of every encoder and model: a functional Keras model that is rebuilt from its constructor's arguments."""

import keras

from kmm.utils.frozen_parts import freeze_parts, frozen_parts
from kmm.utils.replicated_model import ReplicatedModel


class FunctionalModel(ReplicatedModel):
    """A functional `keras.Model` whose config is its constructor's arguments.

    It keeps its dtype policy, and which of its parts are frozen.

    A subclass' constructor has three blocks: it creates the parts, joins them on symbolic inputs, passes `inputs` and
    `outputs` to this constructor, and last stores its arguments for `get_config`.

    Args:
        inputs, outputs: as in `keras.Model`.
        dtype: the policy under which the parts compute; forward it to each of them too.
        **kwargs: `name` and `trainable`.
    """

    def __init__(self, inputs, outputs, dtype=None, **kwargs):
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self.dtype_policy = keras.dtype_policies.get(dtype)  # `keras.Model` itself ignores `dtype`
        if not self.trainable:  # `keras.Model` has set this before it had layers
            for layer in self.layers:
                layer.trainable = False

    def get_config(self):
        """The arguments that rebuild the model; subclasses add theirs."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            "frozen": frozen_parts(self),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the model from `get_config`."""
        config = dict(config)
        trainable, frozen = config.pop("trainable", True), config.pop("frozen", ())
        model = cls(**config)
        if not trainable:  # setting `True` would unfreeze parts that are frozen alone
            model.trainable = False
        freeze_parts(model, frozen)
        return model
