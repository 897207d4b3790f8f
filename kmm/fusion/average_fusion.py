"""Project both, average."""

import keras

from kmm.fusion.elementwise_fusion import ElementwiseFusion


@keras.saving.register_keras_serializable(package="kmm")
class AverageFusion(ElementwiseFusion):
    """Projects the picture's features and the sentence vector to the same channels and averages what is there.

    The mean of a picture and its prompt, and the picture alone where the prompt is empty: so the result keeps its scale
    when words are missing, which a sum does not. Take it over `SumFusion` where training or serving leaves prompts out;
    with a prompt for every picture the two differ by a factor that the normalisation at the end takes away. Reads
    `image_features`, `pooled` and, to see which prompts are empty, `padding_mask`.

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.AverageFusion(filters=8)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def join(self, picture, words, has_words):
        """The mean of the one or two that are there."""
        return (picture + words) / (1 + has_words)
