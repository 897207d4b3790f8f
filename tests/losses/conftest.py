import numpy as np
import pytest


@pytest.fixture
def batch():
    """A function that draws labels with ignored pixels, logits and weights of pixels."""

    def draw(num_channels, shape=(3, 4, 5), seed=0, scale=2.0):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, max(2, num_channels), shape)
        labels[rng.random(shape) < 0.2] = 255
        logits = scale * rng.normal(size=(*shape, num_channels))
        return labels, logits, rng.choice([0.0, 0.5, 1.0, 3.0], shape)

    return draw
