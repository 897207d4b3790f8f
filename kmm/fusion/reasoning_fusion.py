"""Several steps of reading and looking."""

import keras
from keras import ops

from kmm.fusion.fusion import Fusion
from kmm.layers import ConvBlock, CoordinateMap, FusedBatchNormalization, HalfPlaneContext


@keras.saving.register_keras_serializable(package="kmm")
class ReasoningFusion(Fusion):
    """Several steps, each of which reads its own words, modulates the map by them and looks into the half-planes.

    "The circle above the blue triangle" takes more than one step: find the triangle, look above it, keep the circle.
    Each step attends to the words with a query of its own, turns them into a scale and an offset for every channel
    (FiLM) of a convolution's output, pools the half-planes around each cell, and adds the result to the map. Reads
    `image_features`, `sequence`, `pooled` and `padding_mask`.

    References: Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", 2018; Hudson and Manning,
    "Compositional Attention Networks for Machine Reasoning", 2018 (one reading of the words for each step).

    Args:
        filters: channels of the output, divisible by 4.
        num_steps: how many steps.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments and output shape: see `Fusion`. Height and width must be known when the layer is built.

    Raises:
        ValueError: if `filters` is not divisible by 4 or `num_steps` is not positive.

    Example:

    >>> import kmm, numpy as np
    >>> fusion = kmm.fusion.ReasoningFusion(filters=8, num_steps=2)
    >>> tuple(fusion(np.ones((2, 4, 4, 3)), np.ones((2, 5, 6)), np.ones((2, 6)), np.ones((2, 5), bool)).shape)
    (2, 4, 4, 8)
    """

    def __init__(self, filters, num_steps=4, **kwargs):
        super().__init__(filters, **kwargs)
        if filters % 4 or num_steps < 1:
            raise ValueError(
                "filters must be divisible by 4 and num_steps positive. "
                f"Received: filters={filters}, num_steps={num_steps}."
            )
        self.num_steps = num_steps
        policy = self.dtype_policy
        self.coordinate_map = CoordinateMap(name="coordinate_map", dtype=policy)
        self.half_planes = HalfPlaneContext(name="half_planes", dtype=policy)
        self.projection = ConvBlock(filters, kernel_size=1, name="projection", dtype=policy)
        self.sequence_norm = keras.layers.LayerNormalization(name="sequence_norm", dtype=policy)
        self.pooled_norm = keras.layers.LayerNormalization(name="pooled_norm", dtype=policy)
        self.queries = keras.layers.Dense(num_steps * filters, name="queries", dtype=policy)
        self.keys = keras.layers.Dense(filters, name="keys", dtype=policy)

        def parts(make, name, *args, **kwargs):
            return [make(*args, name=f"{name}{i + 1}", dtype=policy, **kwargs) for i in range(num_steps)]

        self.modulations = parts(keras.layers.Dense, "modulation", 2 * filters)
        self.places = parts(keras.layers.Dense, "place", filters)
        self.looks = parts(keras.layers.Conv2D, "look", filters, 3, padding="same", use_bias=False)
        self.norms = parts(FusedBatchNormalization, "norm")
        self.contexts = parts(keras.layers.Conv2D, "context", filters, 1, use_bias=False)
        self.merges = parts(ConvBlock, "merge", filters, 1, activation=None)

    def build(self, image_features_shape, sequence_shape, pooled_shape, padding_mask_shape):
        """Create all weights."""
        super().build(image_features_shape, sequence_shape, pooled_shape, padding_mask_shape)
        mixed = (*image_features_shape[:3], self.filters)
        self.projection.build(image_features_shape)
        self.sequence_norm.build(sequence_shape)
        self.pooled_norm.build(pooled_shape)
        self.queries.build(pooled_shape)
        self.keys.build(sequence_shape)
        self.half_planes.build(mixed)
        for step in range(self.num_steps):
            self.modulations[step].build((pooled_shape[0], sequence_shape[-1] + pooled_shape[-1]))
            self.places[step].build((1, *image_features_shape[1:3], 8))
            for layer in (self.looks, self.norms, self.contexts, self.merges):
                layer[step].build(mixed)

    def call(self, image_features, sequence, pooled, padding_mask, training=None):
        """Read and look `num_steps` times."""
        x = self.projection(image_features, training=training)
        sequence, pooled = self.sequence_norm(sequence), self.pooled_norm(pooled)
        readings = self._read(sequence, pooled, padding_mask)  # (batch, steps, dim)
        coordinates = self.coordinate_map(x)
        for step in range(self.num_steps):
            words = ops.concatenate([readings[:, step], pooled], axis=-1)
            scale, offset = ops.split(self.modulations[step](words)[:, None, None, :], 2, axis=-1)
            seen = self.looks[step](x) + self.places[step](coordinates)
            seen = self.norms[step](seen, training=training)
            seen = ops.relu(seen * (1 + scale) + offset)
            seen = ops.relu(seen + self.contexts[step](self.half_planes(seen)))
            x = ops.relu(x + self.merges[step](seen, training=training))
        return x

    def _read(self, sequence, pooled, padding_mask):
        """The words' vectors averaged with the attention of each step."""
        queries = ops.reshape(self.queries(pooled), (-1, self.num_steps, self.filters))
        scores = ops.einsum("bsd,bld->bsl", queries, self.keys(sequence)) / self.filters**0.5
        scores = ops.cast(scores, "float32") + ops.where(padding_mask, 0.0, -1e9)[:, None, :]
        attention = ops.softmax(scores, axis=-1) * ops.cast(padding_mask, "float32")[:, None, :]
        return ops.einsum("bsl,bld->bsd", ops.cast(attention, sequence.dtype), sequence)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "num_steps": self.num_steps}
