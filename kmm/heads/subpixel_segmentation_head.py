"""Logits at the resolution of the picture, sharper."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class SubpixelSegmentationHead(keras.layers.Layer):
    """Each cell of the decoder's map predicts all the pixels under it.

    Sharper at edges than enlarging (small objects need it) and cheaper at full resolution; the decoder's map must have
    the stride `scale`.

    Reference: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", 2016.

    Args:
        num_classes: as in `SegmentationHead`.
        scale: pixels of the picture along each side of a cell: 4 for a map at the stride of P2.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        features: the decoder's map, `(batch, height, width, channels)`.
        output_size: `(height, width)` of the picture in pixels: `scale` times the map's.

    Output shape:
        float32 `(batch, *output_size, num_classes)`.

    Raises:
        ValueError: if an argument is not positive, or the output size is not `scale` times the map's.

    Example:

    >>> import kmm, numpy as np
    >>> head = kmm.heads.SubpixelSegmentationHead(num_classes=1, scale=4)
    >>> tuple(head(np.ones((1, 4, 4, 8)), output_size=(16, 16)).shape)
    (1, 16, 16, 1)
    """

    def __init__(self, num_classes, scale=4, **kwargs):
        super().__init__(**kwargs)
        if num_classes < 1 or scale < 1:
            raise ValueError(
                f"num_classes and scale must be positive. Received: num_classes={num_classes}, scale={scale}."
            )
        self.num_classes, self.scale = num_classes, scale
        self.classifier = keras.layers.Conv2D(num_classes * scale**2, 1, name="classifier", dtype=self.dtype_policy)

    def build(self, features_shape):
        """Create the classifier."""
        self.classifier.build(features_shape)

    def call(self, features, output_size):
        """Classify the pixels under each cell and put them in their places."""
        self._check(features.shape, output_size)
        height, width = features.shape[1:3]
        logits = ops.cast(self.classifier(features), "float32")
        logits = ops.reshape(logits, (-1, height, width, self.scale, self.scale, self.num_classes))
        logits = ops.transpose(logits, (0, 1, 3, 2, 4, 5))  # (batch, height, scale, width, scale, classes)
        return ops.reshape(logits, (-1, *output_size, self.num_classes))

    def compute_output_spec(self, features, output_size):
        """float32 at the picture's resolution."""
        self._check(features.shape, output_size)
        return keras.KerasTensor((features.shape[0], *output_size, self.num_classes), "float32")

    def _check(self, features_shape, output_size):
        expected = tuple(side * self.scale for side in features_shape[1:3])
        if tuple(output_size) != expected:
            raise ValueError(
                f"The picture must be {self.scale} times as large as the decoder's map. "
                f"Received: map {tuple(features_shape[1:3])}, output_size={tuple(output_size)}. "
                "Set `scale` to the stride of the decoder's finest level, or use SegmentationHead."
            )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes, "scale": self.scale}
