"""Logits at the resolution of the picture."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kmm")
class SegmentationHead(keras.layers.Layer):
    """A 1 x 1 convolution and bilinear enlargement: float32 logits for every pixel of the picture.

    Args:
        num_classes: 1 for referring segmentation (one logit, to be read by a sigmoid), more for semantic segmentation
            (to be read by a softmax).
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        features: the decoder's map, `(batch, height, width, channels)`.
        output_size: `(height, width)` of the picture in pixels.

    Output shape:
        float32 `(batch, *output_size, num_classes)`.

    Raises:
        ValueError: if `num_classes` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.heads.SegmentationHead(num_classes=21)(np.ones((1, 4, 4, 8)), output_size=(32, 32)).shape)
    (1, 32, 32, 21)
    """

    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        if num_classes < 1:
            raise ValueError(f"A head needs at least one class. Received: num_classes={num_classes}.")
        self.num_classes = num_classes
        self.classifier = keras.layers.Conv2D(num_classes, 1, name="classifier", dtype=self.dtype_policy)

    def build(self, features_shape):
        """Create the classifier."""
        self.classifier.build(features_shape)

    def call(self, features, output_size):
        """Classify, then enlarge."""
        logits = ops.cast(self.classifier(features), "float32")
        return ops.image.resize(logits, output_size, interpolation="bilinear")

    def compute_output_spec(self, features, output_size):
        """float32 at the picture's resolution."""
        return keras.KerasTensor((features.shape[0], *output_size, self.num_classes), "float32")

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}
