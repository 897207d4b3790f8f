"""The words make the kernels."""

import keras
from keras import ops

from kmm.fusion.sentence_fusion import SentenceFusion


@keras.saving.register_keras_serializable(package="kmm")
class DynamicConvFusion(SentenceFusion):
    """The sentence vector makes 1x1 kernels; what they find in the picture is concatenated with it and projected.

    Each prompt searches the picture with filters of its own: a response is large where the picture looks like the
    words. Reads `image_features`, `pooled` and, to see which prompts are empty, `padding_mask`; the kernels of an empty
    prompt are zero.

    References: Li et al., "Tracking by Natural Language Specification", 2017; Margffoy-Tuay et al., "Dynamic Multimodal
    Instance Segmentation Guided by Natural Language Queries", 2018.

    Args:
        filters: channels of the output.
        num_kernels: how many kernels each prompt makes.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`.

    Raises:
        ValueError: if `num_kernels` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.DynamicConvFusion(filters=8, num_kernels=4)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, num_kernels=16, **kwargs):
        super().__init__(filters, **kwargs)
        if num_kernels < 1:
            raise ValueError(f"num_kernels must be positive. Received: num_kernels={num_kernels}. Give 1 or more.")
        self.num_kernels = num_kernels
        self.make_parts(filters, filters + num_kernels, activation="relu")
        policy = self.dtype_policy
        self.kernels = keras.layers.Dense(filters * num_kernels, activation="tanh", name="kernels", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.kernels.build(pooled_shape)

    def mix(self, picture, pooled, has_words):
        """Make the kernels, search, concatenate."""
        kernels = self.kernels(pooled) / self.filters**0.5 * has_words
        kernels = ops.reshape(kernels, (-1, self.filters, self.num_kernels))  # (batch, filters, kernels)
        responses = ops.einsum("bhwc,bck->bhwk", picture, kernels)  # (batch, height, width, kernels)
        return ops.concatenate([picture, responses], axis=-1)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_kernels": self.num_kernels}
