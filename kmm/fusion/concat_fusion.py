"""Tile, concatenate, project."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class ConcatFusion(Fusion):
    """Tiles the sentence vector over the map, concatenates both and projects them.

    The classic join of a convolutional and a recurrent branch. Reads `image_features` and `pooled`.

    Reference: Hu et al., "Segmentation from Natural Language Expressions", 2016.

    Args:
        filters: channels of the output.
        coordinates: concatenate the 8-channel coordinate map too.
        normalize: scale the sentence vector and the features of each pixel to length 1 first, as the reference does, so
            that neither outweighs the other. A vector shorter than 0.001 stays shorter than 1.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Fusion`.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.ConcatFusion(filters=8)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, coordinates=False, normalize=False, **kwargs):
        super().__init__(filters, **kwargs)
        self.coordinates, self.normalize = coordinates, normalize
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=self.dtype_policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=self.dtype_policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create the projection."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        channels = image_features_shape[-1] + pooled_shape[-1] + (8 if self.coordinates else 0)
        self.projection.build((*image_features_shape[:3], channels))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Tile, concatenate, project."""
        if self.normalize:
            image_features, pooled = _to_length_one(image_features), _to_length_one(pooled)
        batch, height, width = ops.shape(image_features)[:3]
        parts = [image_features]
        parts.append(ops.broadcast_to(pooled[:, None, None, :], (batch, height, width, pooled.shape[-1])))
        if self.coordinates:
            parts.append(ops.broadcast_to(self.coordinate_map(image_features), (batch, height, width, 8)))
        return self.projection(ops.concatenate(parts, axis=-1), training=training)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "coordinates": self.coordinates, "normalize": self.normalize}


def _to_length_one(vectors):
    """The vectors divided by their length; the square root never sees a zero, where its gradient is not a number."""
    squares = ops.sum(ops.square(ops.cast(vectors, "float32")), axis=-1, keepdims=True)
    return vectors * ops.cast(ops.rsqrt(ops.maximum(squares, 1e-6)), vectors.dtype)
