"""Where each cell of a feature map lies."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class CoordinateMap(keras.layers.Layer):
    """The 8-channel coordinate map: left, top, right, bottom, centre x, centre y, cell width and cell height.

    Convolutions do not know where they are; words such as "left" need it. Coordinates run from -1 to 1, x to the right
    and y downwards; the last two channels are `1 / width` and `1 / height`.

    Reference: Hu et al., "Segmentation from Natural Language Expressions", 2016.

    Call arguments:
        inputs: `(batch, height, width, channels)`; only its height and width are read.

    Output shape:
        `(1, height, width, 8)`, to be broadcast over the batch.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.layers.CoordinateMap()(np.ones((2, 4, 6, 16), "float32")).shape)
    (1, 4, 6, 8)
    """

    def call(self, inputs):
        """Compute the map."""
        height, width = ops.shape(inputs)[1:3]
        left, right = self._edges(width)
        top, bottom = (edge[:, None] for edge in self._edges(height))
        channels = [left, top, right, bottom, (left + right) / 2, (top + bottom) / 2, (right - left) / 2]
        channels.append((bottom - top) / 2)
        zeros = ops.zeros((height, width))
        return ops.cast(ops.stack([channel + zeros for channel in channels], axis=-1)[None], self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """One map for the whole batch."""
        return (1, *input_shape[1:3], 8)

    @staticmethod
    def _edges(size):
        """Both edges of each of `size` cells on the line from -1 to 1."""
        step = 2 / ops.cast(size, "float32")
        start = ops.cast(ops.arange(size), "float32") * step - 1
        return start, start + step
