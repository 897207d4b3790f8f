"""Batch normalisation as one fused kernel."""

import keras


@keras.saving.register_keras_serializable(package="kmm")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation over the channels of images, computed by TensorFlow's fused kernel.

    Keras 3 composes the same arithmetic from separate element-wise operations, which takes over half of a small
    residual net's training step on a CPU. The kernel takes float32 statistics, scale and offset beside data of any
    compute dtype, and graph optimisers fold it into the convolution before it. On backends other than TensorFlow this
    is `keras.layers.BatchNormalization` itself.

    Reference: Ioffe and Szegedy, "Batch Normalization", 2015.

    Args:
        momentum: weight of the old value in the moving averages.
        epsilon: added to the variance.
        name, dtype, trainable: as in every layer.

    Call arguments:
        inputs: `(batch, height, width, channels)`.
        training: whether to normalise by the batch (and to update the moving averages) or by the moving averages.

    Output shape:
        As the input.

    Example:

    >>> import kmm, numpy as np
    >>> tuple(kmm.layers.FusedBatchNormalization()(np.ones((2, 4, 4, 3), "float32")).shape)
    (2, 4, 4, 3)
    """

    def __init__(self, momentum=0.9, epsilon=1e-3, name=None, dtype=None, trainable=True):
        super().__init__(momentum=momentum, epsilon=epsilon, name=name, dtype=dtype, trainable=trainable)

    def build(self, input_shape):
        """Create scale, offset and moving averages."""
        if len(input_shape) != 4:
            raise ValueError(
                "Fused batch normalisation takes feature maps (batch, height, width, channels). "
                f"Received: input_shape={tuple(input_shape)}. Use keras.layers.BatchNormalization for other ranks."
            )
        super().build(input_shape)

    def call(self, inputs, training=None):
        """Normalise."""
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training)
        import tensorflow as tf

        training = bool(training) and self.trainable
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.cast(self.gamma, tf.float32),
            offset=tf.cast(self.beta, tf.float32),
            mean=tf.zeros([0]) if training else tf.cast(self.moving_mean, tf.float32),
            variance=tf.zeros([0]) if training else tf.cast(self.moving_variance, tf.float32),
            epsilon=self.epsilon,
            is_training=training,
        )
        if training:  # the kernel gives the unbiased variance; Keras averages the biased one
            count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
            self._average(self.moving_mean, mean)
            self._average(self.moving_variance, variance * (count - 1) / count)
        return outputs

    def _average(self, moving, value):
        moving.assign(moving * self.momentum + keras.ops.stop_gradient(value) * (1 - self.momentum))

    def get_config(self):
        """Only what the constructor takes."""
        config = super().get_config()
        kept = ("name", "trainable", "dtype", "momentum", "epsilon")
        return {key: config[key] for key in kept}
