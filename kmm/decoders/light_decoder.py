"""A decoder for speed."""

import keras
from keras import ops

from kmm.decoders.decoder import Decoder
from kmm.decoders.make_enlargers import make_enlargers
from kmm.layers import ConvBlock


@keras.saving.register_keras_serializable(package="kmm")
class LightDecoder(Decoder):
    """Weighs the coarsest level's channels by what the whole picture shows, then adds the finer levels' scores.

    There are 1 x 1 convolutions only, so it costs a fraction of any other decoder. Use it where an answer has to come
    quickly and the image encoder does the work. What lies between two cells of the coarsest level is told apart only by
    what single cells of the finer ones show.

    Reference: Howard et al., "Searching for MobileNetV3", 2019 (LR-ASPP; here over any number of levels).

    Args:
        filters: channels of the scores.
        levels: the levels it takes.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments, output shape and errors: see `Decoder`.

    Example:

    >>> import kmm, numpy as np
    >>> features = {"P3": np.ones((1, 8, 8, 4)), "P4": np.ones((1, 4, 4, 6)), "P5": np.ones((1, 2, 2, 8))}
    >>> tuple(kmm.decoders.LightDecoder(filters=16)(features).shape)
    (1, 8, 8, 16)
    """

    sums_levels = True

    def __init__(self, filters, levels=("P3", "P4", "P5"), **kwargs):
        super().__init__(filters, levels, **kwargs)
        policy = self.dtype_policy
        self.enlargers = make_enlargers(self.levels, policy)
        self.project = ConvBlock(filters, 1, name="project", dtype=policy)
        self.weigh = keras.layers.Dense(filters, activation="sigmoid", name="weigh", dtype=policy)
        self.scores = {
            level: ConvBlock(filters, 1, activation=None, name=f"{level.lower()}_score", dtype=policy)
            for level in reversed(self.levels)
        }

    def build(self, features_shape):
        """Create all weights."""
        super().build(features_shape)
        coarsest = features_shape[self.levels[-1]]
        self.project.build(coarsest)
        self.weigh.build((coarsest[0], 1, 1, coarsest[-1]))
        for level, score in self.scores.items():
            channels = features_shape[level][-1] if level in self.enlargers else self.filters
            score.build((*features_shape[level][:3], channels))

    def call(self, features, training=None):
        """Weigh the coarsest level; score, enlarge, add."""
        coarsest = features[self.levels[-1]]
        weights = self.weigh(ops.mean(coarsest, axis=(1, 2), keepdims=True))  # (batch, 1, 1, filters)
        weighed = self.project(coarsest, training=training) * weights
        x = None
        for level, score in self.scores.items():
            if x is None:
                x = score(weighed, training=training)
            else:
                x = score(features[level], training=training) + self.enlargers[level](x)
        return ops.relu(x)
