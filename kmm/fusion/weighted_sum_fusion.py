"""Project both, weigh, add."""

import keras

from kmm.fusion.elementwise_fusion import ElementwiseFusion


@keras.saving.register_keras_serializable(package="kmm")
class WeightedSumFusion(ElementwiseFusion):
    """Adds the projected picture and sentence vector with one learned weight for each: `y = f(a1 picture + a2 words)`.

    The two weights (`modality_weights`, starting at 1) can be read after training: they say how much the model trusts
    each modality. With an activation `f` a pixel and a word must go together to be let through, which a linear sum
    cannot express. Reads `image_features`, `pooled` and, to see which prompts are empty, `padding_mask`.

    Args:
        filters: channels of the output.
        activation: `f`, any Keras activation; `None` keeps the sum linear.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.WeightedSumFusion(filters=8, activation="relu")
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    >>> fusion.modality_weights.numpy().tolist()
    [1.0, 1.0]
    """

    def __init__(self, filters, activation=None, **kwargs):
        super().__init__(filters, **kwargs)
        self.activation = keras.activations.get(activation)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.modality_weights = self.add_weight(shape=(2,), initializer="ones", name="modality_weights")

    def join(self, picture, words, has_words):
        """The weighted sum and its activation."""
        return self.activation(self.modality_weights[0] * picture + self.modality_weights[1] * words)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}
