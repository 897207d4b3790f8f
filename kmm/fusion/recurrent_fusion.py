"""Every pixel reads the phrase word by word."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap


@keras.saving.register_keras_serializable(package="kmm")
class RecurrentFusion(Fusion):
    """A 1x1 convolutional LSTM in which every pixel reads the phrase word by word.

    At each word the LSTM reads its vector, that of the sentence, the pixel's features and place; its last state is
    concatenated with the projected picture and projected. Word order counts here, whatever the text encoder. It takes
    time in proportion to the longest prompt of the batch. Reads `image_features`, `sequence`, `pooled` and
    `padding_mask`. Padded steps keep the state, and an empty prompt leaves it zero.

    Reference: Liu et al., "Recurrent Multimodal Interaction for Referring Image Segmentation", 2017.

    Args:
        filters: channels of the output.
        units: size of each pixel's state; `None` for as many as `filters`.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`.

    Raises:
        ValueError: if `units` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.RecurrentFusion(filters=8, units=6)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, units=None, **kwargs):
        super().__init__(filters, **kwargs)
        if units is not None and units < 1:
            raise ValueError(f"units must be positive, or None for as many as filters. Received: units={units}.")
        self.units = units
        self._units = filters if units is None else units
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=policy)
        self.place = keras.layers.Dense(filters, use_bias=False, name="place", dtype=policy)
        self.sequence_norm = keras.layers.LayerNormalization(name="sequence_norm", dtype=policy)
        self.pooled_norm = keras.layers.LayerNormalization(name="pooled_norm", dtype=policy)

        def gates(name, **kwargs):
            return keras.layers.Dense(4 * self._units, name=f"{name}_gates", dtype=policy, **kwargs)

        self.picture_gates = gates("picture")
        self.sentence_gates = gates("sentence", use_bias=False)
        self.word_gates = gates("word", use_bias=False)
        self.state_gates = gates("state", use_bias=False, kernel_initializer="orthogonal")
        self.combine = ConvBlock(filters, kernel_size=1, name="combine", dtype=policy)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        batch, height, width, _ = image_features_shape
        self.projection.build(image_features_shape)
        self.place.build((1, height, width, 8))
        self.sequence_norm.build(sequence_shape)
        self.pooled_norm.build(pooled_shape)
        self.picture_gates.build((batch, height, width, self.filters))
        self.sentence_gates.build(pooled_shape)
        self.word_gates.build(sequence_shape)
        self.state_gates.build((batch, height, width, self._units))
        self.combine.build((batch, height, width, self.filters + self._units))

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Compute once what no word changes, read the words, combine the last state with the picture."""
        x = self.projection(image_features, training=training)
        x = x + self.place(self.coordinate_map(x))
        sentence = self.sentence_gates(self.pooled_norm(pooled))
        same = self.picture_gates(x) + sentence[:, None, None, :]  # (batch, height, width, 4 * units)
        words = self.word_gates(self.sequence_norm(sequence))  # (batch, length, 4 * units)
        state = self._read(same, words, padding_mask)
        return self.combine(ops.concatenate([x, state], axis=-1), training=training)

    def _read(self, same, words, padding_mask):
        """The state after the last word, `(batch, height, width, units)`."""
        length = ops.shape(padding_mask)[1]
        steps = ops.where(ops.any(padding_mask, axis=0), ops.arange(length) + 1, 0)
        last = ops.max(steps)  # the end of the longest prompt

        def read(step, state, cell):
            gates = same + words[:, step, None, None, :] + self.state_gates(state)
            enter, forget, candidate, leave = ops.split(gates, 4, axis=-1)
            new_cell = ops.sigmoid(forget + 1) * cell + ops.sigmoid(enter) * ops.tanh(candidate)
            new_state = ops.sigmoid(leave) * ops.tanh(new_cell)
            is_word = padding_mask[:, step, None, None, None]
            return step + 1, ops.where(is_word, new_state, state), ops.where(is_word, new_cell, cell)

        zeros = ops.zeros_like(same[..., : self._units])
        start = (ops.zeros((), "int32"), zeros, zeros)
        return ops.while_loop(lambda step, state, cell: step < last, read, start, maximum_iterations=length)[1]

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "units": self.units}
