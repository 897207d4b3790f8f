"""What lies to the left, to the right, above and below."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class HalfPlaneContext(keras.layers.Layer):
    """For each cell the strongest response in the half-plane to its left, to its right, above it and below it.

    "The leftmost square" and "the circle above the triangle" are decided by whether something lies in a half-plane. A
    quarter of the channels is pooled in each direction: a maximum over each column (or row), then a running maximum
    over the columns before the cell's own. That costs two reductions of the map, whatever its size. It joins strip
    pooling (Hou et al., "Strip Pooling", 2020) with the running maxima of corner pooling (Law and Deng, "CornerNet",
    2018).

    Call arguments:
        inputs: `(batch, height, width, channels)`, not negative (zero stands for "nothing there"), channels divisible
            by 4.

    Output shape:
        As the input.

    Raises:
        ValueError: if the channels are not divisible by 4, or height or width is not known.

    Example:

    >>> import kmm, numpy as np
    >>> picture = np.zeros((1, 1, 4, 4), "float32")
    >>> picture[0, 0, 1] = 1.0
    >>> left, right, above, below = kmm.layers.HalfPlaneContext()(picture)[0, 0].numpy().T
    >>> print(left, right)
    [0. 0. 1. 1.] [1. 0. 0. 0.]
    """

    def build(self, input_shape):
        """Check channels and size."""
        if input_shape[-1] % 4 or None in input_shape[1:3]:
            raise ValueError(
                "Channels must be divisible by 4, and height and width must be known. "
                f"Received: input_shape={tuple(input_shape)}. Give the image encoder a fixed image_size."
            )

    def call(self, inputs):
        """Pool the four half-planes."""
        left, right, above, below = ops.split(inputs, 4, axis=-1)
        columns = [self._before(ops.max(left, axis=1)), self._after(ops.max(right, axis=1))]
        rows = [self._before(ops.max(above, axis=2)), self._after(ops.max(below, axis=2))]
        columns = ops.concatenate(columns, axis=-1)[:, None, :, :]  # (batch, 1, width, channels / 2)
        rows = ops.concatenate(rows, axis=-1)[:, :, None, :]  # (batch, height, 1, channels / 2)
        shape = ops.shape(inputs)
        half = (shape[0], shape[1], shape[2], inputs.shape[-1] // 2)
        return ops.concatenate([ops.broadcast_to(columns, half), ops.broadcast_to(rows, half)], axis=-1)

    def compute_output_shape(self, input_shape):
        """As the input."""
        return input_shape

    def _before(self, line):
        """The maximum over all earlier places of `(batch, places, channels)`, zero at the first."""
        places = line.shape[1]
        line = ops.pad(line, [[0, 0], [1, 0], [0, 0]])[:, :places]
        step = 1
        while step < places:
            line = ops.maximum(line, ops.pad(line, [[0, 0], [step, 0], [0, 0]])[:, :places])
            step *= 2
        return line

    def _after(self, line):
        return ops.flip(self._before(ops.flip(line, axis=1)), axis=1)
