"""Small inputs that the cases of several packages share."""

import numpy as np

random = np.random.default_rng(0)


def feature_map(height=4, width=6, channels=8):
    """Two samples of features, none negative, as they leave an activation."""
    return random.uniform(size=(2, height, width, channels)).astype("float32")


PADDING_MASK = np.array([[True, True, True, False, False], [True, False, False, False, False]])
TOKENS = {"token_ids": np.array([[5, 3, 7, 0, 0], [2, 0, 0, 0, 0]], "int32"), "padding_mask": PADDING_MASK}
CONTEXT = (
    feature_map(),
    random.normal(size=(2, 5, 6)).astype("float32"),
    random.normal(size=(2, 6)).astype("float32"),
    PADDING_MASK,
)
PYRAMID = {"P3": feature_map(8, 12, 4), "P4": feature_map(4, 6, 6), "P5": feature_map(2, 3, 8)}
IMAGES = random.integers(0, 256, size=(2, 16, 32, 3), dtype="uint8")
