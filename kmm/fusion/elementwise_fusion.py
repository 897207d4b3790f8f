"""Project both to the same channels, mix them element by element."""

import keras

from kmm.fusion.sentence_fusion import SentenceFusion


class ElementwiseFusion(SentenceFusion):
    """What sums, averages and weighted sums share: both modalities are projected, mixed, and projected again.

    A subclass implements `join(picture, words, has_words)`: the projected features `(batch, height, width, filters)`,
    the projected sentence vector `(batch, 1, 1, filters)`, zero for empty prompts, and `(batch, 1, 1, 1)`, 1 for
    prompts with words and 0 for empty ones.

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        self.make_parts(filters, activation="relu", center=False)
        policy = self.dtype_policy
        # What is the same for all samples and pixels is lost in the normalisation that follows: no offsets here.
        self.words = keras.layers.Dense(filters, use_bias=False, name="words", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        self.words.build(pooled_shape)

    def mix(self, picture, pooled, has_words):
        """Project the words and join."""
        has_words = has_words[:, :, None, None]
        return self.join(picture, self.words(pooled)[:, None, None, :] * has_words, has_words)
