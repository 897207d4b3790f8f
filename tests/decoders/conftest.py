import numpy as np
import pytest


@pytest.fixture
def pyramid():
    """Maps of two samples at P1 to P6, the coarsest 1 x 2."""
    random = np.random.default_rng(0)
    sizes = {f"P{level}": (2 ** (6 - level), 2 ** (7 - level), 2 + level) for level in range(1, 7)}
    return {level: random.normal(size=(2, *size)).astype("float32") for level, size in sizes.items()}
