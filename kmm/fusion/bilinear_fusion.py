"""Products of picture and words."""

import keras
from keras import ops

from kmm.fusion.sentence_fusion import SentenceFusion


@keras.saving.register_keras_serializable(package="kmm")
class BilinearFusion(SentenceFusion):
    """Projects the picture's features and the sentence vector to `rank` channels and multiplies them.

    A bilinear form lets every feature of the picture meet every feature of the words; at a low rank it costs no more
    than two projections. Nothing of the picture passes but through the words. Reads `image_features`, `pooled` and, to
    see which prompts are empty, `padding_mask`; an empty prompt multiplies by 1.

    Reference: Kim et al., "Hadamard Product for Low-rank Bilinear Pooling", 2017 (MLB).

    Args:
        filters: channels of the output.
        rank: channels in which the two are multiplied.
        activation: any Keras activation, of both before they are multiplied; `None` for a plain bilinear form.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`.

    Raises:
        ValueError: if `rank` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.BilinearFusion(filters=8, rank=16)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, rank=128, activation="tanh", **kwargs):
        super().__init__(filters, **kwargs)
        if rank < 1:
            raise ValueError(f"rank must be positive. Received: rank={rank}. Give 1 or more, such as 2 * filters.")
        self.rank, self.activation = rank, keras.activations.get(activation)
        self.make_parts(rank)
        policy = self.dtype_policy
        self.words = keras.layers.Dense(rank, name="words", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.words.build(pooled_shape)

    def mix(self, picture, pooled, has_words):
        """Multiply."""
        words = self.activation(self.words(pooled))
        words = ops.where(has_words > 0, words, ops.ones_like(words))
        return self.activation(picture) * words[:, None, None, :]  # words (batch, 1, 1, rank)

    def get_config(self):
        """The constructor's arguments."""
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "rank": self.rank, "activation": activation}
