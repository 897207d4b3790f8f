"""Project both, add."""

import keras

from kmm.fusion.elementwise_fusion import ElementwiseFusion


@keras.saving.register_keras_serializable(package="kmm")
class SumFusion(ElementwiseFusion):
    """Projects the picture's features and the sentence vector to the same channels and adds them.

    The cheapest join: a baseline, and enough where words only have to favour some channels of the picture. Each word
    pushes all pixels alike, so telling "the red circle" from "the blue circle" is left to what comes after. Reads
    `image_features`, `pooled` and, to see which prompts are empty, `padding_mask`; an empty prompt adds nothing.

    Reference: Feichtenhofer et al., "Convolutional Two-Stream Network Fusion for Video Action Recognition", 2016 (sum
    fusion of two branches).

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.SumFusion(filters=8)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def join(self, picture, words, has_words):
        """The sum."""
        return picture + words
