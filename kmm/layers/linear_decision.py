"""Weighs the answers of several models."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class LinearDecision(keras.layers.Layer):
    """The weighted mean of several models' probabilities, with learned weights that sum to one.

    It starts as the plain mean. For `kmm.models.DecisionFusion`, or for any logits of equal shapes: of masks or of
    labels. With one channel probabilities are sigmoids, with more softmaxes.

    Reference: Kittler et al., "On Combining Classifiers", 1998.

    Args:
        per_class: learn the weights for each class apart, where one model knows one class better and another model
            another; the mixed probabilities are then scaled to sum to one.
        **kwargs: `name`, `dtype`, `trainable`. It always computes in float32.

    Call arguments:
        logits: a dict from the model's name to its logits, `(batch, ..., num_classes)`, all of one shape.

    Output shape:
        float32 logits `(batch, ..., num_classes)`, whose sigmoid or softmax is the mixed probability.

    Example:

    >>> import kmm, numpy as np
    >>> decision = kmm.layers.LinearDecision()
    >>> sure, unsure = np.full((2, 4, 4, 1), 9.0, "float32"), np.zeros((2, 4, 4, 1), "float32")
    >>> tuple(decision({"sure": sure, "unsure": unsure}).shape)
    (2, 4, 4, 1)
    >>> {name: float(share) for name, share in decision.shares().items()}
    {'sure': 0.5, 'unsure': 0.5}
    """

    def __init__(self, per_class=False, **kwargs):
        super().__init__(**{**kwargs, "autocast": False})
        self.per_class = per_class

    def build(self, logits_shape):
        """Create one weight for each model, or for each model and class."""
        self._names = sorted(logits_shape)
        num_classes = logits_shape[self._names[0]][-1] if self.per_class else 1
        shape = (len(self._names), num_classes)
        self.preferences = self.add_weight(shape=shape, initializer="zeros", autocast=False, name="preferences")

    def call(self, logits):
        """Mix the probabilities, without leaving logarithms."""
        logits = ops.stack([ops.cast(logits[name], "float32") for name in self._names])  # (models, batch, ..., classes)
        ones = [1] * (len(logits.shape) - 2)
        log_shares = ops.log_softmax(self.preferences, axis=0)
        log_shares = ops.reshape(log_shares, (len(self._names), *ones, log_shares.shape[-1]))
        if logits.shape[-1] > 1:
            return ops.logsumexp(ops.log_softmax(logits, axis=-1) + log_shares, axis=0)
        inside = ops.logsumexp(ops.log_sigmoid(logits) + log_shares, axis=0)
        outside = ops.logsumexp(ops.log_sigmoid(-logits) + log_shares, axis=0)
        return inside - outside

    def compute_output_spec(self, logits):
        """One answer like that of each model, float32."""
        return keras.KerasTensor(next(iter(logits.values())).shape, "float32")

    def shares(self):
        """A dict from the model's name to its weight: a number, or with `per_class` one for each class."""
        shares = ops.convert_to_numpy(ops.softmax(self.preferences, axis=0))
        return {name: row if self.per_class else row[0] for name, row in zip(self._names, shares, strict=True)}

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "per_class": self.per_class}
