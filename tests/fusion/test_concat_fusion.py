import numpy as np
import pytest
import tensorflow as tf

from kmm.fusion import ConcatFusion
from kmm.layers import CoordinateMap

random = np.random.default_rng(0)
FEATURES = random.normal(size=(2, 3, 4, 5)).astype("float32")
SEQUENCE = random.normal(size=(2, 6, 7)).astype("float32")
POOLED = random.normal(size=(2, 7)).astype("float32")
PADDING_MASK = np.ones((2, 6), bool)


@pytest.mark.parametrize("coordinates", [False, True])
def test_equals_numpy(coordinates):
    fusion = ConcatFusion(filters=8, coordinates=coordinates)
    outputs = fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    parts = [FEATURES, np.tile(POOLED[:, None, None], (1, 3, 4, 1))]
    if coordinates:
        parts.append(np.repeat(CoordinateMap()(FEATURES), 2, axis=0))
    kernel = fusion.projection.convolution.kernel.numpy()[0, 0]
    expected = np.maximum(np.concatenate(parts, axis=-1) @ kernel / np.sqrt(1 + 1e-3), 0)  # fresh batch normalisation
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_reads_only_picture_and_sentence():
    fusion = ConcatFusion(filters=8)
    outputs = fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    np.testing.assert_array_equal(fusion(FEATURES, -SEQUENCE, POOLED, ~PADDING_MASK), outputs)
    assert not np.allclose(fusion(FEATURES, SEQUENCE, -POOLED, PADDING_MASK), outputs)


def test_normalize_equals_numpy():
    fusion = ConcatFusion(filters=8, normalize=True)
    outputs = fusion(FEATURES, SEQUENCE, POOLED, PADDING_MASK)
    features = FEATURES / np.linalg.norm(FEATURES, axis=-1, keepdims=True)
    pooled = POOLED / np.linalg.norm(POOLED, axis=-1, keepdims=True)
    parts = [features, np.tile(pooled[:, None, None], (1, 3, 4, 1))]
    kernel = fusion.projection.convolution.kernel.numpy()[0, 0]
    expected = np.maximum(np.concatenate(parts, axis=-1) @ kernel / np.sqrt(1 + 1e-3), 0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(fusion(9 * FEATURES, SEQUENCE, 5 * POOLED, PADDING_MASK), outputs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_normalize_survives_zeros(dtype):
    """A dead pixel and an empty prompt are zeros, whose direction is none."""
    fusion = ConcatFusion(filters=8, normalize=True, dtype=dtype)
    features, pooled = tf.Variable(np.zeros_like(FEATURES)), tf.Variable(np.zeros_like(POOLED))
    with tf.GradientTape() as tape:
        outputs = fusion(features, SEQUENCE, pooled, PADDING_MASK)
        total = tf.reduce_sum(outputs)
    assert not np.asarray(outputs, "float32").any()
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(total, [features, pooled]))
