"""AdamW with a learning rate for each branch of a model."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class BranchAdamW(keras.optimizers.AdamW):
    """AdamW whose learning rate is smaller, or larger, for some of the variables.

    For fine-tuning: a pretrained encoder moves slowly while fusion and decoder, which start at random, move fast.
    `kmm.training.branch_multipliers` gives the multipliers of a part by its name, `kmm.training.layer_multipliers`
    those of an encoder's layers. A multiplier changes the whole step, so the decay of weights too; 0 keeps the
    variables as they are, but not the statistics of batch normalisation: for that freeze the layer.

    References: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (AdamW), 2019; Howard and Ruder,
    "Universal Language Model Fine-tuning" (rates that differ by layer), 2018.

    Args:
        learning_rate: a number or a schedule, as in `keras.optimizers.AdamW`.
        multipliers: a dict from the beginning of variable paths, such as "decoder" or "block1_conv1/kernel", to the
            factor by which their learning rate is multiplied. Whole names between slashes are compared, the first
            that fits wins, and variables that none fits have the factor 1.
        **kwargs: all other arguments of `keras.optimizers.AdamW`, such as `weight_decay` and `global_clipnorm`.

    Raises:
        ValueError: if a multiplier is negative; and when the optimizer meets the model, if no trainable variable's
            path begins with one of the names.

    Example:

    >>> import keras, kmm, numpy as np
    >>> inputs = keras.Input((2,))
    >>> model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(2, name="slow")(inputs)))
    >>> model.compile(kmm.training.BranchAdamW(0.1, multipliers={"slow": 0.0}), "mse")
    >>> before = model.get_layer("slow").get_weights()
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    >>> np.array_equal(model.get_layer("slow").get_weights()[0], before[0])
    True
    """

    def __init__(self, learning_rate=1e-3, multipliers=None, name="branch_adam_w", **kwargs):
        super().__init__(learning_rate, name=name, **kwargs)
        multipliers = dict(multipliers or {})
        negative = {prefix: factor for prefix, factor in multipliers.items() if factor < 0}
        if negative:
            raise ValueError(f"Multipliers of a learning rate must not be negative. Received: multipliers={negative}.")
        self.multipliers = multipliers

    def build(self, variables):
        """Find the factor of every variable."""
        fits = [
            [prefix for prefix in self.multipliers if f"{variable.path}/".startswith(f"{prefix}/")]
            for variable in variables
        ]
        unknown = set(self.multipliers) - {prefix for prefixes in fits for prefix in prefixes}
        if unknown:
            beginnings = sorted({variable.path.split("/")[0] for variable in variables})
            raise ValueError(
                f"Every name in multipliers must begin the path of a trainable variable. Received: {sorted(unknown)}. "
                f"Paths begin with {beginnings}; kmm.training.branch_multipliers finds those of a part by its name."
            )
        self._factors = [self.multipliers[prefixes[0]] if prefixes else 1.0 for prefixes in fits]
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        """The step of AdamW, decay included, at the variable's own learning rate."""
        factor = self._factors[self._get_variable_index(variable)]
        learning_rate = ops.cast(learning_rate, variable.dtype) * factor
        if self._use_weight_decay(variable):
            self.assign_sub(variable, variable * self.weight_decay * learning_rate)
        super().update_step(gradient, variable, learning_rate)

    def _apply_weight_decay(self, variables):
        """Nothing here: `update_step` knows the variable's own learning rate."""

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "multipliers": dict(self.multipliers)}
