"""The contract that all fusions share."""

import keras


class Fusion(keras.layers.Layer):
    """Mixes a context, such as a phrase, into one level of an image pyramid.

    A subclass implements `build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)` (calling this
    class' one first) and `call`, and says in its docstring which arguments it reads.

    Args:
        filters: channels of the output.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        image_features: `(batch, height, width, channels)`.
        sequence: `(batch, length, dim)`, one vector for each word.
        pooled: `(batch, dim)`, one vector for the whole phrase.
        padding_mask: bool `(batch, length)`, `True` at real words.
        training: whether this is a training step.

    Output shape:
        `(batch, height, width, filters)`.

    Raises:
        ValueError: if `filters` is not positive or a shape has the wrong rank.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        if filters < 1:
            raise ValueError(f"A fusion needs at least one filter. Received: filters={filters}.")
        self.filters = filters

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Check the ranks."""
        shapes = (image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        if tuple(len(shape) for shape in shapes) != (4, 3, 2, 2):
            raise ValueError(
                "A fusion takes image features (batch, height, width, channels), a sequence (batch, length, dim), a "
                "pooled vector (batch, dim) and a padding mask (batch, length). "
                f"Received shapes: {', '.join(str(tuple(shape)) for shape in shapes)}."
            )

    def compute_output_shape(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """The map keeps its height and width."""
        return (*image_features_shape[:3], self.filters)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "filters": self.filters}
